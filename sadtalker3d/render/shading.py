"""How the head is lit: a portrait studio's lamps, and the GLSL that applies them to skin, eyes and teeth."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Lamp:
    """A large, distant lamp."""

    toward: tuple[float, float, float]  # from the head to the lamp; x is the picture's right
    color: tuple[float, float, float]  # linear RGB
    intensity: float


@dataclass(frozen=True)
class Studio:
    """Key from the upper left, soft fill from the right, rim from behind; all stay with the camera.

    At most three lamps: each needs a number per vertex, how much of it is hidden by the head.
    """

    lamps: tuple[Lamp, ...] = (
        Lamp((-0.55, 0.52, 0.80), (1.0, 0.95, 0.88), 0.95),
        Lamp((0.85, 0.10, 0.60), (0.86, 0.93, 1.0), 0.20),
        Lamp((0.70, 0.45, -0.85), (0.88, 0.94, 1.0), 0.6),
    )
    # What moist eyes mirror: key and fill, hung lower than they are so that the lids never hide them.
    glints: tuple[Lamp, ...] = (
        Lamp((-0.42, 0.40, 0.90), (1.0, 0.97, 0.92), 1.0),
        Lamp((0.50, 0.05, 0.85), (0.9, 0.95, 1.0), 0.12),
    )
    sky: tuple[float, float, float] = (0.16, 0.17, 0.185)  # light from above without direction
    ground: tuple[float, float, float] = (0.09, 0.075, 0.07)  # and from below
    backdrop_middle: tuple[float, float, float] = (0.055, 0.057, 0.062)
    backdrop_edge: tuple[float, float, float] = (0.013, 0.0135, 0.015)


@dataclass(frozen=True)
class Surface:
    """What the shader knows of a part beside its picture and roughness."""

    scatter: float = 0.0  # how far light bleeds round the terminator, the red most: 1 is skin
    specular: float = 0.04  # reflectance seen head on; 0.028 is skin, 0.04 enamel and plastic
    wet: float = 0.0  # strength of the glints
    least: float = 0.0  # light that reaches even hidden places, thrown on by what is around them


@dataclass(frozen=True)
class Surfaces:
    """Surfaces by part name; parts not named are `other`."""

    by_part: dict[str, Surface] = field(
        default_factory=lambda: {
            "skin": Surface(scatter=1.0, specular=0.028),
            "eyes": Surface(specular=0.025, wet=1.0, least=0.45),
            "mouth": Surface(scatter=0.8, specular=0.01, least=0.04),
            "teeth": Surface(scatter=0.5, specular=0.04, least=0.22),
            "gums": Surface(scatter=0.8, specular=0.03, least=0.10),
            "tongue": Surface(scatter=0.8, specular=0.03, least=0.22),
            "lashes": Surface(specular=0.0),
            "brows": Surface(specular=0.006),
            "hair": Surface(specular=0.006),
        }
    )
    other: Surface = field(default_factory=Surface)

    def of(self, part: str) -> Surface:
        """The surface of the part of that name."""
        return self.by_part.get(part, self.other)


# Lamps and surface to light: what goes into the colour below the surface, and what the surface mirrors.
# GGX after Walter et al. 2007 with Schlick's Fresnel and Hammon's 2017 approximation of the Smith term;
# wrapped diffuse light stands in for scattering under the skin (Green, GPU Gems 1, chapter 16).
LIGHT = """
uniform vec3 cam_pos;
uniform vec3 lamp_toward[LAMPS], lamp_light[LAMPS];
uniform vec3 glint_toward[GLINTS], glint_light[GLINTS];
uniform vec3 sky, ground;
uniform float scatter, specular, wet, roughness;

void light(vec3 at, vec3 n, float skylit, vec4 lamplit, out vec3 diffuse, out vec3 mirrored) {
    vec3 v = normalize(cam_pos - at);
    if (dot(n, v) < 0.0 && TWO_SIDED) n = -n;
    float nv = max(dot(n, v), 0.05);
    float a = roughness * roughness;
    float a2 = a * a;
    vec3 wrap = scatter * vec3(0.24, 0.13, 0.09);
    diffuse = mix(ground, sky, 0.5 + 0.5 * n.y) * skylit;
    mirrored = vec3(0.0);
    for (int i = 0; i < LAMPS; i++) {
        vec3 l = lamp_toward[i];
        float nl = dot(n, l);
        vec3 arriving = lamp_light[i] * lamplit[i];
        diffuse += arriving * clamp((nl + wrap) / (1.0 + wrap), 0.0, 1.0) / (1.0 + wrap);
        vec3 h = normalize(l + v);
        float nh = max(dot(n, h), 0.0);
        float grazing = 1.0 - max(dot(v, h), 0.0);
        float most = min(50.0 * specular, 1.0);  // at grazing light; rough things mirror little even there
        float fresnel = specular + (most - specular) * grazing * grazing * grazing * grazing * grazing;
        float d = nh * nh * (a2 - 1.0) + 1.0;
        float seen = max(nl, 0.0);
        float smith = 0.5 / max(mix(2.0 * seen * nv, seen + nv, a), 0.001);
        mirrored += arriving * (a2 / (d * d) * fresnel * smith * seen);
    }
    if (wet > 0.0) {
        for (int i = 0; i < GLINTS; i++) {
            float near = dot(reflect(-v, n), glint_toward[i]);
            mirrored += glint_light[i] * (wet * smoothstep(0.980, 0.990, near));
        }
    }
}
"""

BACKDROP = """
uniform vec3 middle, edge;

vec3 backdrop(vec2 at) {
    return mix(middle, edge, smoothstep(0.0, 1.5, length(at - vec2(0.0, 0.1))));
}
"""

# From light to the screen's values: Narkowicz's fit of the ACES film curve, then sRGB by roots, which cost
# less than its powers.
FILM = """
vec3 film(vec3 light) {
    vec3 tone = light * (2.51 * light + 0.03) / (light * (2.43 * light + 0.59) + 0.14);
    tone = clamp(tone, 0.0, 1.0);
    vec3 root = sqrt(tone), fourth = sqrt(root);
    return 0.662 * root + 0.684 * fourth - 0.323 * sqrt(fourth) - 0.0225 * tone;
}
"""

# The head turns by M; `follow` is 1 where a vertex goes with the head and 0 at the foot of the neck.
# Triangles are about as small as pixels, so light is worked out per vertex: software OpenGL then needs
# about half the time. WET parts, whose highlights are smaller than their triangles, do it per pixel.
HEAD_VERTEX = (
    LIGHT
    + BACKDROP
    + """
layout(location = 0) in vec3 position;
layout(location = 1) in vec3 normal;
layout(location = 2) in vec2 texcoord;
layout(location = 3) in vec2 share;  // of the head's movement, of the sky
layout(location = 4) in vec4 lamplit;
uniform mat4 M, V, P;
out vec4 diffuse_u;  // or the place, where light is worked out per pixel
out vec4 mirrored_v;  // or the normal
out vec4 reaching;  // shares of the sky and of three lamps; or how much is there, in a see-through picture

void main() {
    float follow = share.x;
    vec3 at = mix(position, (M * vec4(position, 1.0)).xyz, follow);
    vec3 n = normalize(mix(normal, mat3(M) * normal, follow));
    gl_Position = P * (V * vec4(at, 1.0));
    if (WET) {
        diffuse_u = vec4(at, texcoord.x);
        mirrored_v = vec4(n, texcoord.y);
        reaching = vec4(share.y, lamplit.xyz);
    } else {
        vec3 diffuse, mirrored;
        light(at, n, share.y, lamplit, diffuse, mirrored);
        float there = smoothstep(0.0, 0.6, follow);  // the neck's edge melts into the backdrop
        if (SEE_THROUGH) {
            reaching.x = there;
        } else {
            diffuse *= there;
            mirrored = there * mirrored + (1.0 - there) * backdrop(gl_Position.xy / gl_Position.w);
        }
        diffuse_u = vec4(diffuse, texcoord.x);
        mirrored_v = vec4(mirrored, texcoord.y);
    }
}
"""
)

HEAD_FRAGMENT = (
    LIGHT
    + FILM
    + """
uniform sampler2D picture;
uniform float alpha_cutoff;
in vec4 diffuse_u;
in vec4 mirrored_v;
in vec4 reaching;
out vec4 color;

void main() {
    vec4 base = texture(picture, vec2(diffuse_u.w, mirrored_v.w));
    if ((SOFT || CUT) && base.a < alpha_cutoff) discard;
    vec3 albedo = base.rgb * (base.rgb * (base.rgb * 0.305306 + 0.682171) + 0.012523);
    vec3 diffuse = diffuse_u.rgb, mirrored = mirrored_v.rgb;
    if (WET) {
        vec4 lamplit = vec4(reaching.yzw, 0.0);
        light(diffuse_u.xyz, normalize(mirrored_v.xyz), reaching.x, lamplit, diffuse, mirrored);
    }
    vec3 seen = film(albedo * diffuse + mirrored);
    float there = SEE_THROUGH && !WET ? reaching.x : 1.0;
    color = SOFT ? vec4(seen, base.a * there) : vec4(seen * there, there);  // what is blended is not yet multiplied
}
"""
)

# One triangle over the whole picture; upside down, because OpenGL reads pictures from the bottom.
RESOLVE_VERTEX = """
out vec2 at;

void main() {
    vec2 corner = vec2(gl_VertexID == 1 ? 3.0 : -1.0, gl_VertexID == 2 ? 3.0 : -1.0);
    at = vec2(corner.x, -corner.y);
    gl_Position = vec4(corner, 0.0, 1.0);
}
"""

# See-through pictures have straight alpha, which is what files hold. Where (nearly) nothing is there, the colour
# is the edge's, from smaller and smaller versions of the picture: video keeps one colour for four pixels and
# scaling mixes neighbours, so black would show as a dark fringe. (After the pull-push method of Gortler et al.,
# The Lumigraph, 1996.) Below an alpha of LEAST_ALPHA 8 bits no longer hold the colour.
# Half a step of noise keeps the dark gradient from showing bands in 8 bits.
RESOLVE_FRAGMENT = (
    BACKDROP
    + FILM
    + """
uniform sampler2D picture;
in vec2 at;
out vec4 color;
const float LEAST_ALPHA = 0.1;

void main() {
    vec4 head = textureLod(picture, 0.5 + 0.5 * at, 0.0);
    if (SEE_THROUGH) {
        vec4 near = head;
        for (int level = 1; near.a < LEAST_ALPHA && level < 13; level++) {
            near = textureLod(picture, 0.5 + 0.5 * at, float(level));
        }
        color = vec4(near.rgb / max(near.a, 0.001), head.a);
        return;
    }
    float noise = fract(52.9829189 * fract(dot(gl_FragCoord.xy, vec2(0.06711056, 0.00583715)))) - 0.5;
    color = vec4(head.rgb + (1.0 - head.a) * (film(backdrop(at)) + noise / 255.0), 1.0);
}
"""
)
