// Where the take is: by the sound's own clock where there is sound, so that nothing can drift, else by the computer's.

const LEAD_S = 0.1; // the longest time that a browser's audio clock is thought to stand still between two readings

function soundClock(data) {
  const audio = new Audio(URL.createObjectURL(new Blob([data], { type: take.sound })));
  audio.preload = "auto";
  let read = { heard: -1, at: 0 };
  return {
    audio,
    get time() {
      const now = performance.now();
      if (audio.currentTime !== read.heard) read = { heard: audio.currentTime, at: now };
      if (audio.paused) return read.heard;
      // some browsers move the clock in steps longer than a frame: between them it goes on by itself
      return read.heard + Math.min((now - read.at) / 1000, LEAD_S) * audio.playbackRate;
    },
    set time(seconds) {
      audio.currentTime = seconds;
    },
    get playing() {
      return !audio.paused;
    },
    play: () => audio.play(),
    pause: () => audio.pause(),
    set rate(rate) {
      audio.playbackRate = rate;
    },
    set muted(muted) {
      audio.muted = muted;
    },
  };
}

function silentClock() {
  let from = 0, since = null, speed = 1;
  const time = () => (since === null ? from : from + ((performance.now() - since) / 1000) * speed);
  const restart = () => {
    from = time();
    if (since !== null) since = performance.now();
  };
  return {
    get time() {
      return time();
    },
    set time(seconds) {
      from = seconds;
      if (since !== null) since = performance.now();
    },
    get playing() {
      return since !== null;
    },
    play: async () => {
      since ??= performance.now();
    },
    pause: () => {
      restart();
      since = null;
    },
    set rate(rate) {
      restart();
      speed = rate;
    },
    set muted(_) {},
  };
}
