"""Plain sentences of many languages, rich in lip sounds and rounded vowels, for espeak-ng and festival.

Training shuffles and recombines the words of TEXTS, since only their sounds matter. HELD_OUT is never trained
on: other sentences of nine languages, and two languages that training does not know.
"""

from __future__ import annotations

TEXTS: dict[str, str] = {
    "es": (
        "mi papá compra pan blanco por la mañana . el bebé bebe un vaso de agua tibia . la "
        "familia vive en una pequeña villa con muchas flores . vamos a ver una película muy buena "
        ". juan y pablo trabajan mucho . hoy hace buen tiempo pero mañana va a llover . el cielo "
        "azul , el mar profundo y la luna llena . pepe viene a vivir a bilbao con su abuela . "
        "pablo busca el libro nuevo en la biblioteca . tuve que volver porque llovía mucho . el "
        "perro ladra y la vaca come hierba verde . un hombre joven vende huevos y uvas . muévete "
        "un poco hacia la ventana por favor . bebo zumo de pomelo con hielo . nuestra vecina lava "
        "la ropa los viernes . subimos al tranvía y bajamos en la plaza mayor . qué bonito es tu "
        "sombrero rojo"
    ),
    "fr": (
        "ma maman prépare un bon petit pain blanc . vous pouvez voir la pluie tomber sur le pont "
        ". il fait beau aujourd'hui mais demain il va pleuvoir . la famille habite une vieille "
        "maison bleue . je voudrais un peu de beurre et du fromage . deux heureux oiseaux volent "
        "au dessus du fleuve . bonjour monsieur comment allez vous . le boulanger vend des "
        "baguettes et des brioches . mon père boit un bol de chocolat chaud . où vas tu avec ce "
        "grand parapluie vert . nous avons vu un beau film hier soir . la lune brille au dessus "
        "de la montagne . une jeune femme joue du piano dans la rue . pourquoi veux tu partir si "
        "vite . huit pommes rouges et neuf prunes mûres . il faut ouvrir la fenêtre et fermer la "
        "porte . chaque jour mon voisin promène son chien brun"
    ),
    "de": (
        "meine mutter backt am morgen frisches brot . der bäcker verkauft viele warme brötchen . "
        "wir wohnen in einem blauen haus über dem fluss . heute scheint die sonne aber morgen "
        "wird es regnen . fünf freunde fahren mit dem boot über den see . ich möchte bitte ein "
        "großes glas wasser . schöne grüne bäume . der mond scheint über dem dunklen wald . wo "
        "hast du meine blaue mütze gefunden . meine schwester spielt am abend klavier . viele "
        "vögel fliegen im frühling zurück . der pfarrer pflückt äpfel und pflaumen . zwölf männer "
        "bauen eine neue brücke . bitte öffne das fenster und mach die tür zu . ich habe heute "
        "fünf briefe bekommen . warum weinst du denn so bitterlich . die kühe fressen gras auf "
        "der wiese"
    ),
    "it": (
        "la mamma prepara una buona pizza per la famiglia . vivo in una piccola villa vicino al "
        "fiume . oggi fa bel tempo ma domani pioverà . vorrei un bicchiere di vino bianco . il "
        "bambino beve il latte . sempre meglio pensare prima di parlare . buongiorno signora come "
        "va . il papà beve un caffè e legge il giornale . domani mattina partiamo per bologna . "
        "la nonna prepara gli gnocchi con il pomodoro . che bella voce ha quella bambina . vuoi "
        "venire al mare con me e con giovanni . abbiamo comprato uova burro e zucchero . il gatto "
        "bianco dorme sopra il divano . mio fratello suona il violino ogni sabato . apri la "
        "finestra per favore fa molto caldo . un uomo vecchio vende libri in piazza"
    ),
    "pt": (
        "minha mãe faz um bom bolo para a família . vamos ver o mar amanhã de manhã . o bebê bebe "
        "água . eu queria um pouco de pão com manteiga . hoje faz bom tempo mas amanhã vai chover "
        ". muito obrigado . o meu pai lê um livro velho na varanda . a lua brilha sobre o porto . "
        "vovó prepara uma sopa de feijão . quem abriu a janela do quarto . compramos ovos pimenta "
        "e uvas maduras . o menino põe o chapéu vermelho . você pode falar mais devagar por favor "
        ". as pombas voam sobre a ponte nova . um homem jovem vende peixe no mercado . não me "
        "lembro do nome dela"
    ),
    "nl": (
        "mijn moeder bakt vers brood in de morgen . wij wonen in een blauw huis bij de rivier . "
        "vandaag schijnt de zon maar morgen gaat het regenen . ik wil graag een glas water . vijf "
        "vrienden varen met de boot . mijn vader leest een oud boek in de tuin . de bakker "
        "verkoopt broodjes met boter . waarom kom je vanavond niet op bezoek . mooie bloemen "
        "bloeien voor het huis . de poes slaapt op de warme bank . wie heeft mijn blauwe muts "
        "gevonden . de boer melkt iedere morgen zijn koeien . open het raam en sluit de deur "
        "alsjeblieft . we vieren vrijdag haar verjaardag . de wind blaast over het water"
    ),
    "pl": (
        "moja mama piecze dobry chleb . mieszkamy w małym białym domu nad rzeką . dzisiaj jest "
        "ładna pogoda ale jutro będzie padać . poproszę szklankę wody . pięć ptaków leci nad "
        "polem . mój brat czyta książkę przy oknie . babcia gotuje zupę z pomidorów . kto "
        "otworzył drzwi do piwnicy . biały pies biegnie przez most . wczoraj widzieliśmy piękny "
        "film . chłopiec pływa w zimnej wodzie . pani kupuje masło mleko i jabłka . dlaczego nie "
        "możesz przyjść w piątek . wiatr wieje nad wielkim morzem . moja żona śpiewa bardzo "
        "ładnie"
    ),
    "ru": (
        "моя мама печёт вкусный хлеб . мы живём в большом белом доме у реки . сегодня хорошая "
        "погода а завтра будет дождь . можно мне стакан воды пожалуйста . пять птиц летят над "
        "полем . папа читает новую книгу у окна . бабушка варит суп и компот . почему ты вчера не "
        "пришёл . белый пароход плывёт по волге . мальчик пьёт молоко и ест яблоко . вечером мы "
        "смотрели интересный фильм . мой брат живёт в маленькой деревне . открой пожалуйста окно "
        "и закрой дверь . зимой выпало много белого снега . девушка поёт весёлую песню . хороший "
        "человек помогает другу . мы купили масло муку и рыбу . лебеди летают над озером . "
        "бабушка любит пить горячий чай"
    ),
    "tr": (
        "annem sabah güzel bir ekmek yapıyor . biz nehrin yanında büyük bir evde yaşıyoruz . "
        "bugün hava güzel ama yarın yağmur yağacak . bir bardak su istiyorum . beş kuş uçuyor . "
        "babam pencerenin önünde kitap okuyor . büyükannem mercimek çorbası pişiriyor . kapıyı "
        "kim açtı bilmiyorum . beyaz köpek köprüden geçiyor . dün akşam güzel bir film izledik . "
        "pazardan peynir yumurta ve üzüm aldık . küçük çocuk mavi şapkasını arıyor . lütfen biraz "
        "daha yavaş konuş . vapur denizin üstünde ilerliyor . kuşlar bahçede ötüyor"
    ),
    "sv": (
        "min mamma bakar gott bröd på morgonen . vi bor i ett blått hus vid floden . idag skiner "
        "solen men i morgon blir det regn . jag vill ha ett glas vatten . fem fåglar flyger över "
        "fältet . min pappa läser en bok vid fönstret . mormor kokar soppa på morötter . vem har "
        "öppnat dörren till köket . den vita hunden springer över bron . i går såg vi en rolig "
        "film . pojken simmar i den kalla sjön . kan du tala lite långsammare . vi köpte smör "
        "mjölk ägg och äpplen . sju sjuka sjömän sjunger på skeppet . vinden blåser över havet"
    ),
    "ja": (
        "ははは あさ ぱんを やきます . わたしたちは かわの そばに すんでいます . きょうは いい てんきですが あしたは あめです . みずを ください . ともだちと "
        "ふねに のります . ぼうしと ふくを かいました . ちちは しんぶんを よんで います . まいにち ぎゅうにゅうを のみます . ふゆの ふじさんは とても うつくしい "
        ". むすめは ぴあのを ひきます . びょういんへ いって ください . ゆうびんきょくは どこ ですか . でんしゃが えきに つきました . おばあさんは にわで はなを "
        "うえます . ぼくは りんごと ぶどうを たべた . かぜが つよく ふいて います . しゃしんを とっても いいですか . せんせいは ひゃくまで かぞえました"
    ),
    "fi": (
        "äitini leipoo aamulla hyvää leipää . me asumme sinisessä talossa joen varrella . tänään "
        "paistaa aurinko mutta huomenna sataa . haluaisin lasin vettä . viisi lintua lentää "
        "pellon yli . hyvää päivää mummo . isä lukee vanhaa kirjaa ikkunan vieressä . mummo "
        "keittää perunoita ja puuroa . kuka avasi keittiön oven . valkoinen koira juoksee sillan "
        "yli . eilen näimme hauskan elokuvan . poika pyöräilee kouluun joka päivä . voitko puhua "
        "vähän hitaammin . ostimme voita maitoa munia ja omenoita . tyttö soittaa pianoa ja "
        "laulaa . vene keinuu aalloilla . pappa pesee pienen pallon . yöllä tuuli puhaltaa kovaa"
    ),
    "hi": (
        "मेरी माँ सुबह रोटी बनाती है . हम नदी के पास रहते हैं . आज मौसम अच्छा है पर कल बारिश होगी "
        ". मुझे पानी चाहिए . पाँच पक्षी उड़ते हैं . मेरे पिता बाग में किताब पढ़ते हैं . भाई "
        "बाज़ार से फल और फूल लाता है . बहन पानी पीती है . क्या आप धीरे बोल सकते हैं . बच्चे मैदान "
        "में खेल रहे हैं . वह बहुत मीठा आम खाता है . गाय घास चर रही है . कृपया खिड़की खोल दो . "
        "बूढ़ा आदमी बाहर बैठा है . चाँद बादल में छुप गया . मुझे दूध और चावल पसंद है . पूरब में "
        "सूरज उगता है"
    ),
    "ar": (
        "أمي تخبز الخبز في الصباح . نحن نسكن في بيت أبيض قرب النهر . اليوم الجو جميل وغدا ستمطر . "
        "أريد كوبا من الماء . أبي يقرأ كتابا قديما في الحديقة . أمي تطبخ الفول والبامية . من فتح "
        "باب المطبخ . الكلب الأبيض يركض فوق الجسر . شاهدنا فيلما جميلا مساء أمس . الولد يشرب "
        "الحليب ويأكل الموز . هل يمكنك أن تتكلم ببطء من فضلك . اشترينا الزبدة والبيض والتفاح . "
        "المطر ينزل على البيوت . البنت تعزف على البيانو وتغني . ركب الرجل الباص وسافر بعيدا . ضوء "
        "القمر فوق البحر"
    ),
    "cmn": (  # in pinyin: espeak-ng reads most characters as English letters and numbers
        "wo3 de5 ma1 ma5 mei3 tian1 zao3 shang4 zuo4 mian4 bao1 . ba4 ba5 zai4 men2 kou3 kan4 bao4 zhi3 . wo3 "
        "men5 peng2 you5 zhu4 zai4 bei3 jing1 de5 hu2 tong4 li3 . jin1 tian1 tian1 qi4 bu2 cuo4 ming2 tian1 "
        "ke3 neng2 xia4 yu3 . di4 di5 xi3 huan1 chi1 ping2 guo3 he2 pu2 tao2 . qing3 ni3 ba3 chuang1 hu5 da3 "
        "kai1 . wai4 mian4 de5 feng1 hen3 da4 . nai3 nai5 mai3 le5 bai2 cai4 dou4 fu5 he2 yu2 . fei1 ji1 fei1 "
        "guo4 lan2 se4 de5 tian1 kong1 . xiao3 mao1 pao3 dao4 zhuo1 zi5 xia4 mian4 qu4 le5 . ta1 mei3 ge4 "
        "xing1 qi1 wu3 dou1 qu4 tu2 shu1 guan3 . wo3 bu4 ming2 bai5 ni3 shuo1 shen2 me5 . nü3 er2 hui4 tan2 "
        "gang1 qin2 ye3 hui4 chang4 ge1 . ba1 bai3 biao1 bing1 ben4 bei3 po1 . chun1 tian1 de5 hua1 yuan2 "
        "fei1 chang2 mei3 li4 . wo3 xiang3 mai3 yi4 ben3 pu3 tong1 hua4 de5 shu1 . huo3 che1 kuai4 yao4 kai1 "
        "le5 . yue4 liang5 man4 man4 de5 sheng1 qi3 lai2 . lao3 shi1 wen4 le5 wo3 wu3 ge4 wen4 ti2 . yu3 hou4 "
        "de5 ma3 lu4 hen3 hua2 . fu4 mu3 pei2 wo3 pao3 bu4 . bie2 pa4 wo3 bang1 ni3 mo2 mo4"
    ),
    "ko": (
        "우리 엄마는 아침마다 빵을 굽습니다 . 아버지는 신문을 봅니다 . 오늘은 날씨가 좋지만 내일은 비가 옵니다 . 물 한 잔 주세요 . 봄바람이 부는 바닷가에서 "
        "만나요 . 친구와 함께 배를 탔습니다 . 할머니가 맛있는 밥을 지어요 . 파란 모자를 사고 싶어요 . 왜 그렇게 빨리 가세요 . 우유와 과일을 많이 먹어요"
    ),
    "ca": (
        "la mare fa un bon pa per a la família . vivim en una casa blava vora el riu . avui fa "
        "bon temps però demà plourà . voldria un got d'aigua si us plau . el pare beu vi i menja "
        "peix amb pebre . cinc amics van amb barca pel mar . el nen juga amb la pilota vermella . "
        "obre la finestra i tanca la porta . ahir vam veure una pel·lícula molt bonica . l'avi "
        "ven pomes i peres al mercat . la lluna brilla sobre el bosc . els ocells volen per "
        "damunt del camp . parla més a poc a poc . el meu germà toca el piano cada vespre . quina "
        "veu més bonica que tens"
    ),
    "cs": (
        "moje máma peče dobrý chléb . bydlíme v malém bílém domě u řeky . dnes je hezky ale zítra "
        "bude pršet . prosím sklenici vody . pět ptáků letí nad polem . můj bratr čte knihu u "
        "okna . babička vaří polévku z brambor . kdo otevřel dveře do sklepa . velký pes běží "
        "přes most . včera jsme viděli pěkný film . chlapec pije mléko a jí jablko . proč nemůžeš "
        "přijít v pátek . vítr fouká nad mořem . moje žena krásně zpívá . koupili jsme máslo "
        "vejce a hrušky . ve městě bylo mnoho lidí . měsíc svítí do pokoje"
    ),
    "uk": (
        "моя мама пече смачний хліб . ми живемо в білому будинку біля річки . сьогодні гарна "
        "погода а завтра буде дощ . можна мені склянку води . п'ять птахів летять над полем . мій "
        "брат читає книжку . бабуся варить борщ . хто відчинив вікно . дівчина співає веселу "
        "пісню"
    ),
    "ro": (
        "mama mea face o pâine bună . locuim într-o casă albă lângă râu . astăzi e vreme frumoasă "
        "dar mâine va ploua . aș vrea un pahar cu apă . cinci păsări zboară peste câmp . fratele "
        "meu bea vin și mănâncă brânză . bunica fierbe o supă de fasole . cine a deschis "
        "fereastra"
    ),
    "da": (
        "min mor bager godt brød om morgenen . vi bor i et blåt hus ved åen . i dag skinner solen "
        "men i morgen bliver det regn . jeg vil gerne have et glas vand . fem fugle flyver over "
        "marken . min bror læser en bog . hvem har åbnet døren"
    ),
    "id": (
        "ibu saya membuat roti pada pagi hari . kami tinggal di rumah putih dekat sungai . hari "
        "ini cuaca baik tetapi besok mungkin hujan . saya mau minum air putih . bapak membaca "
        "buku baru . burung terbang di atas pohon . adik bermain bola bersama teman . pasar penuh "
        "buah pisang dan mangga"
    ),
    "vi": (
        "mẹ tôi nấu cơm mỗi buổi sáng . chúng tôi sống trong một ngôi nhà nhỏ bên sông . hôm nay "
        "trời đẹp nhưng ngày mai có mưa . cho tôi một ly nước . bố đọc báo và uống cà phê . em bé "
        "vui vẻ múa hát . bà mua bốn quả bưởi"
    ),
    "sw": (
        "mama yangu anapika mkate mzuri . tunakaa katika nyumba nyeupe karibu na mto . leo hewa "
        "ni nzuri lakini kesho mvua itanyesha . naomba maji ya kunywa . baba anasoma kitabu kipya "
        ". mbwa mweupe anakimbia . ndege wanaruka juu ya shamba . bibi ananunua ndizi na embe"
    ),
    "fa": (
        "مادرم هر روز نان می‌پزد . ما در خانه‌ای سفید کنار رود زندگی می‌کنیم . امروز هوا خوب است "
        "ولی فردا باران می‌بارد . یک لیوان آب به من بدهید . پدرم کتاب می‌خواند . پرنده بالای باغ "
        "پرواز می‌کند . بابا برف بازی را دوست دارد"
    ),
    "bn": (
        "আমার মা সকালে রুটি বানায় . আমরা নদীর পাশে থাকি . আজ আবহাওয়া ভালো কিন্তু কাল বৃষ্টি হবে "
        ". আমাকে এক গ্লাস পানি দাও . বাবা বই পড়ে . পাখি আকাশে ওড়ে . ফুল ফোটে বাগানে"
    ),
    "ta": (
        "என் அம்மா காலையில் சமைக்கிறார் . நாங்கள் ஆற்றின் அருகில் வாழ்கிறோம் . இன்று வெயில் நாளை "
        "மழை பெய்யும் . எனக்கு தண்ணீர் வேண்டும் . அப்பா புத்தகம் படிக்கிறார் . பழம் மிகவும் "
        "இனிப்பு"
    ),
}
"""Sentences apart by ` . `."""

ESPEAK_VOICES = {"en": "en-us", "cmn": "cmn-latn-pinyin"}
"""Where espeak-ng's voice is not named as the language is."""

HELD_OUT: dict[str, tuple[str, ...]] = {
    "en": (
        "Eleven elephants flew above a purple mosque.",
        "My nephew Bartholomew prefers marble to velvet.",
        "Whoever moved the bamboo vase must mop up.",
        "Pigs and foxes rarely share a comfy blanket.",
        "Few farmers weave woollen jumpers in May.",
        "Both twins wept when the ferry vanished.",
    ),
    "es": (
        "el pueblo celebra una fiesta con fuegos y música",
        "mi primo Felipe compró un burro viejo en febrero",
        "las palomas comen migas bajo el puente",
        "no veo bien sin mis gafas nuevas",
        "aquel verano fuimos a pie hasta la cueva",
        "nadie sabe por qué el barco se hundió",
    ),
    "fr": (
        "les moutons bêlent au fond de la vallée",
        "ma voisine offre souvent des poires aux enfants",
        "un vieux pêcheur répare ses filets bleus",
        "on peut admirer les fleurs devant la mairie",
        "personne ne savait pourquoi le feu brûlait",
        "le bébé rit et frappe dans ses mains",
    ),
    "de": (
        "der fuchs schleicht heimlich um den hühnerstall",
        "unser lehrer erzählt oft komische geschichten",
        "im herbst färben sich die blätter bunt",
        "manche leute mögen weder pilze noch zwiebeln",
        "bevor wir abreisen müssen wir noch aufräumen",
        "das pferd springt mühelos über den graben",
    ),
    "it": (
        "la volpe furba ruba una pera matura",
        "i pescatori tornano al porto prima dell'alba",
        "mia zia abita vicino a un bosco profondo",
        "nessuno sapeva perché piangeva quel bimbo",
        "le campane suonano ogni domenica",
        "quel cavallo nero salta sopra il fosso",
    ),
    "cmn": (
        "xiong2 mao1 pa2 dao4 shu4 shang4 chi1 zhu2 ye4",
        "na4 wei4 yi1 sheng1 fei1 chang2 guan1 xin1 bing4 ren2",
        "mu3 qin1 gei3 hai2 zi5 jiang3 gu3 lao3 de5 gu4 shi5",
        "dong1 tian1 hu2 mian4 jie2 le5 hou4 hou4 de5 bing1",
        "qing3 bie2 wang4 ji4 ba3 hu4 zhao4 fang4 jin4 bao1 li3",
        "yu2 fu1 bu3 dao4 yi4 tiao2 fei2 yu2",
    ),
    "ja": (
        "きつねが もりの なかを はしる",
        "さくらの はなびらが まって いる",
        "いもうとは まんがばかり よむ",
        "ふたりは なみだを ふいて わらった",
        "ぶたにくと まめを いためます",
        "ゆびわを なくして しまった",
    ),
    "hi": (
        "जंगल में एक बूढ़ा शेर रहता था",
        "माली पौधों को पानी दे रहा है",
        "हमारी नाव धीरे धीरे बह रही थी",
        "उसने पुरानी चिट्ठी फाड़ दी",
        "बिल्ली छत पर सो रही है",
        "किसान भोर में उठकर खेत जाता है",
    ),
    "ar": (
        "الثعلب يهرب من الصياد في الغابة",
        "عاد المسافر إلى وطنه بعد غياب طويل",
        "وقفت الفراشة على وردة صفراء",
        "لا أحد يعرف سبب بكاء الطفل",
        "بدأت المباراة قبل موعدها بقليل",
        "يبيع الفلاح العنب والبرتقال",
    ),
}

UNSEEN: dict[str, tuple[str, ...]] = {
    "el": (
        "η μητέρα μου φτιάχνει ψωμί κάθε πρωί",
        "μένουμε σε ένα άσπρο σπίτι κοντά στο ποτάμι",
        "σήμερα έχει καλό καιρό αλλά αύριο θα βρέξει",
        "ο μπαμπάς διαβάζει ένα παλιό βιβλίο",
        "θα ήθελα ένα ποτήρι νερό παρακαλώ",
        "το παιδί παίζει μπάλα με τους φίλους του",
    ),
    "hu": (
        "anyám minden reggel finom kenyeret süt",
        "egy fehér házban lakunk a folyó mellett",
        "ma szép idő van de holnap esni fog",
        "apám egy régi könyvet olvas az ablaknál",
        "kérek szépen egy pohár vizet",
        "öt madár repül a mező fölött",
    ),
}
