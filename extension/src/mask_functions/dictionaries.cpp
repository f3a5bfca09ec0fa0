#include "mask_functions/dictionaries.h"

namespace jit::mask_functions {

namespace {

const char* const kFirstNameWords[] = {
    "Ada",    "Adam",  "Agnes",  "Alba",  "Albin",  "Alma",  "Alva",  "Amos",  "Anna",  "Anton",
    "Arlo",   "Asa",   "Astrid", "Axel",  "Bea",    "Ben",   "Berta", "Bjorn", "Bo",    "Bruno",
    "Cara",   "Carl",  "Cato",   "Clara", "Cleo",   "Colin", "Cora",  "Dag",   "Dana",  "David",
    "Della",  "Dora",  "Ebba",   "Edda",  "Edgar",  "Eli",   "Ella",  "Elmo",  "Elsa",  "Emil",
    "Emma",   "Enno",  "Eric",   "Erna",  "Esther", "Eva",   "Ewan",  "Fay",   "Felix", "Fiona",
    "Flora",  "Frank", "Frida",  "Gerd",  "Gina",   "Greta", "Gus",   "Hanna", "Hans",  "Heidi",
    "Helen",  "Henry", "Hilda",  "Hugo",  "Ida",    "Ilse",  "Inga",  "Iris",  "Isaac", "Ivan",
    "Ivy",    "Jack",  "Jan",    "Jana",  "Jasper", "Joan",  "Joel",  "John",  "Jona",  "Josef",
    "Juno",   "Kai",   "Karen",  "Karl",  "Kira",   "Klara", "Kurt",  "Lara",  "Lars",  "Lea",
    "Lena",   "Leo",   "Lily",   "Lina",  "Linus",  "Lotte", "Lucas", "Lucy",  "Luis",  "Mara",
    "Marc",   "Maria", "Max",    "Mila",  "Mina",   "Nils",  "Nina",  "Noah",  "Nora",  "Olaf",
    "Olga",   "Otto",  "Paul",   "Petra", "Pia",    "Rene",  "Rita",  "Robin", "Rosa",  "Ruth",
    "Sara",   "Silas", "Sonja",  "Sven",  "Tara",   "Theo",  "Tilda", "Tom",   "Uma",   "Vera",
    "Viktor", "Wanda", "Willa",  "Xenia", "Yara",   "Zoe",
};

const char* const kLastNameWords[] = {
    "Abbott", "Adler",   "Ahlgren", "Albers",  "Ames",    "Anders",  "Arnold", "Ash",     "Bach",
    "Baker",  "Barlow",  "Bauer",   "Becker",  "Bell",    "Berg",    "Bishop", "Blake",   "Bloom",
    "Boyd",   "Brandt",  "Brook",   "Brown",   "Burke",   "Byrne",   "Carter", "Chase",   "Clark",
    "Cole",   "Conrad",  "Cook",    "Craig",   "Dahl",    "Dale",    "Day",    "Dean",    "Decker",
    "Doyle",  "Drake",   "Dunn",    "Eaton",   "Eckert",  "Ellis",   "Engel",  "Ernst",   "Evans",
    "Falk",   "Farmer",  "Fink",    "Fisher",  "Fleming", "Flynn",   "Ford",   "Forster", "Fox",
    "Frank",  "Frost",   "Fuchs",   "Garner",  "Gibbs",   "Glover",  "Grant",  "Gray",    "Green",
    "Gross",  "Haas",    "Hahn",    "Hale",    "Hansen",  "Hardy",   "Hart",   "Hayes",   "Heinz",
    "Hill",   "Hoffman", "Holm",    "Holt",    "Horn",    "Huber",   "Hughes", "Hunt",    "Jansen",
    "Jensen", "Jung",    "Kane",    "Keller",  "Kemp",    "Kent",    "King",   "Klein",   "Knight",
    "Koch",   "Kramer",  "Krause",  "Lang",    "Larsen",  "Lee",     "Lind",   "Lloyd",   "Long",
    "Lowe",   "Lund",    "Marsh",   "Martin",  "Mason",   "May",     "Meyer",  "Miller",  "Moore",
    "Morgan", "Moss",    "Nash",    "Neumann", "Nolan",   "North",   "Novak",  "Olsen",   "Owen",
    "Page",   "Park",    "Parker",  "Perry",   "Peters",  "Pohl",    "Pope",   "Porter",  "Price",
    "Quinn",  "Ray",     "Reed",    "Reuter",  "Rice",    "Richter", "Roth",   "Rowe",    "Rush",
    "Sander", "Schmidt", "Scott",   "Shaw",    "Simon",   "Sommer",  "Stark",  "Stein",   "Stone",
    "Storm",  "Swan",    "Thorn",   "Todd",    "Vogel",   "Wagner",  "Walsh",  "Ward",    "Weber",
    "Wells",  "West",    "White",   "Winter",  "Wolf",    "Wood",    "Young",  "Ziegler",
};

const char* const kCityWords[] = {
    "Aldermoor",   "Ashwick",     "Bergdorf",    "Birchfield",  "Blackwater",  "Bramley",
    "Bridgeton",   "Brookhaven",  "Castleford",  "Cedar Falls", "Clearwater",  "Coldbrook",
    "Cresthill",   "Deepdale",    "Eastbourne",  "Edgewater",   "Elmsford",    "Fairview",
    "Falkenau",    "Fernwood",    "Foxton",      "Glenbrook",   "Goldhill",    "Grafton",
    "Greenford",   "Hafenstadt",  "Harborview",  "Hartwell",    "Hazelton",    "Highgate",
    "Hillcrest",   "Hollowbrook", "Ironbridge",  "Kingsford",   "Kirchberg",   "Lakeside",
    "Larkfield",   "Lindau",      "Littleton",   "Longford",    "Maplewood",   "Marienfeld",
    "Meadowbrook", "Millbrook",   "Moorfield",   "Neustadt",    "Newbridge",   "Northgate",
    "Oakdale",     "Oldenbrook",  "Pinehurst",   "Port Alder",  "Queensbury",  "Ravenswood",
    "Redfield",    "Ridgeway",    "Riverton",    "Rosenheim",   "Sandford",    "Seefeld",
    "Silverton",   "Southport",   "Springfield", "Steinbach",   "Stonebridge", "Summerhill",
    "Thornbury",   "Talheim",     "Underwood",   "Waldheim",    "Westbrook",   "Whitby Moor",
    "Willowdale",  "Windham",     "Wolfsberg",   "Woodbury",
};

const char* const kStreetWords[] = {
    "Acacia Street", "Alder Lane",   "Ash Road",      "Baker Street",  "Bank Street",
    "Beech Avenue",  "Birch Road",   "Bridge Street", "Brook Lane",    "Castle Street",
    "Cedar Avenue",  "Chapel Road",  "Cherry Lane",   "Church Street", "Cliff Road",
    "Court Street",  "Dale Road",    "East Street",   "Elm Street",    "Farm Road",
    "Fern Way",      "Field Lane",   "Forest Road",   "Garden Street", "Grange Road",
    "Green Lane",    "Grove Street", "Harbour Road",  "Hazel Way",     "High Street",
    "Hill Road",     "Holly Lane",   "King Street",   "Lake Road",     "Laurel Avenue",
    "Linden Street", "Long Lane",    "Maple Street",  "Market Street", "Meadow Road",
    "Mill Lane",     "Moor Road",    "New Street",    "North Road",    "Oak Street",
    "Orchard Road",  "Park Avenue",  "Pine Street",   "Poplar Road",   "Queen Street",
    "River Road",    "Rose Lane",    "School Street", "South Street",  "Spring Road",
    "Station Road",  "Stone Lane",   "Summer Street", "Tower Road",    "Valley Road",
    "Walnut Street", "Water Lane",   "West Street",   "Willow Road",   "Wood Lane",
};

const char* const kCompanyWords[] = {
    "Acorn",   "Alpine",   "Amber",    "Anchor",  "Apex",    "Arbor",     "Arrow",  "Aspen",
    "Atlas",   "Aurora",   "Basalt",   "Beacon",  "Birch",   "Blue Door", "Bright", "Canyon",
    "Cedar",   "Cobalt",   "Comet",    "Copper",  "Coral",   "Crest",     "Delta",  "Drift",
    "Eagle",   "Echo",     "Ember",    "Falcon",  "Fjord",   "Forge",     "Garnet", "Glacier",
    "Granite", "Harbor",   "Haven",    "Helios",  "Hollow",  "Horizon",   "Indigo", "Iron",
    "Jade",    "Juniper",  "Keystone", "Lantern", "Larch",   "Linden",    "Lunar",  "Magnet",
    "Maple",   "Meridian", "Mosaic",   "Nimbus",  "North",   "Oak",       "Onyx",   "Opal",
    "Orbit",   "Osprey",   "Pebble",   "Pine",    "Pioneer", "Prism",     "Quarry", "Raven",
    "Ridge",   "River",    "Saffron",  "Sage",    "Sierra",  "Silver",    "Slate",  "Solar",
    "Spruce",  "Summit",   "Thistle",  "Tide",    "Topaz",   "Tundra",    "Vector", "Violet",
    "Willow",  "Zenith",
};

template <size_t N>
constexpr Dictionary Of(const char* const (&words)[N]) {
  return {words, N};
}

}  // namespace

const Dictionary kFirstNames = Of(kFirstNameWords);
const Dictionary kLastNames = Of(kLastNameWords);
const Dictionary kCities = Of(kCityWords);
const Dictionary kStreets = Of(kStreetWords);
const Dictionary kCompanies = Of(kCompanyWords);

}  // namespace jit::mask_functions
