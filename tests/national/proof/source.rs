//! The source files, read without any code of the service: what a CSP said of each postcode, cell by cell.

use std::{
    collections::{HashMap, HashSet},
    path::Path,
    sync::Arc,
};

use crate::rig::{CoverageFile, Postcodes, proto_region};

/// A postcode as it stands in the file: its canonical text, filled up with zeros.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Place([u8; 8]);

impl Place {
    fn new(text: &str) -> Self {
        let mut bytes = [0; 8];
        bytes[..text.len()].copy_from_slice(text.as_bytes());
        Self(bytes)
    }

    pub(super) fn text(&self) -> &str {
        str::from_utf8(&self.0).unwrap().trim_end_matches('\0')
    }
}

/// A row's cells but its postcode, each by its number among the distinct cells of its file.
#[derive(Clone, Copy)]
struct Cells([u32; 5]);

const COLUMNS: [&str; 5] = [
    "availability_date",
    "wan_variant",
    "connectivity_likelihood",
    "auxiliary_equipment_required",
    "additional_information",
];

/// What a CSP said of a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Row<'a> {
    pub(super) date: &'a str,
    pub(super) variant: &'a str,
    pub(super) likelihood: &'a str,
    pub(super) auxiliary: &'a str,
    pub(super) additional: &'a str,
}

/// One region's file.
pub(super) struct Region {
    /// As the proto numbers it.
    pub(super) number: i32,
    cells: Vec<String>,
    rows: HashMap<Place, Cells>,
}

impl Region {
    pub(super) fn read(file: &CoverageFile) -> Self {
        let mut region = Self { number: proto_region(file.region), cells: Vec::new(), rows: HashMap::new() };
        region.fill(&file.path);
        assert_eq!(region.rows.len() as u64, file.rows, "{}: one row a postcode", file.path.display());
        region
    }

    fn fill(&mut self, path: &Path) {
        let mut reader = csv::Reader::from_path(path).unwrap();
        let header = reader.headers().unwrap().clone();
        let place = |name: &str| header.iter().position(|column| column == name).unwrap();
        let (postcode, columns) = (place("postcode"), COLUMNS.map(place));
        let mut numbers: HashMap<String, u32> = HashMap::new();
        let mut record = csv::StringRecord::new();
        while reader.read_record(&mut record).unwrap() {
            let cells = columns.map(|column| {
                let cell = &record[column];
                numbers.get(cell).copied().unwrap_or_else(|| {
                    let number = self.cells.len() as u32;
                    self.cells.push(cell.to_owned());
                    numbers.insert(cell.to_owned(), number);
                    number
                })
            });
            self.rows.insert(Place::new(&record[postcode]), Cells(cells));
        }
    }

    fn row(&self, place: Place) -> Option<Row<'_>> {
        let Cells(cells) = self.rows.get(&place)?;
        let [date, variant, likelihood, auxiliary, additional] = cells.map(|cell| self.cells[cell as usize].as_str());
        Some(Row { date, variant, likelihood, auxiliary, additional })
    }
}

/// Every region's file, in the order of the answers.
#[derive(Clone)]
pub(super) struct Country(Vec<Arc<Region>>);

impl Country {
    pub(super) fn new(mut regions: Vec<Arc<Region>>) -> Self {
        regions.sort_by_key(|region| region.number);
        Self(regions)
    }

    /// The same country with one region's file exchanged.
    pub(super) fn with(&self, region: Arc<Region>) -> Self {
        let mut regions = self.0.clone();
        regions.retain(|other| other.number != region.number);
        regions.push(region);
        Self::new(regions)
    }

    /// What each region that has a row says.
    pub(super) fn rows(&self, place: Place) -> impl Iterator<Item = (i32, Row<'_>)> {
        self.0.iter().filter_map(move |region| Some((region.number, region.row(place)?)))
    }
}

/// What is to be asked: every postcode of the list, once, in no order, and among them some that no file has.
#[derive(Clone)]
pub(super) struct Places {
    pub(super) all: Arc<[Place]>,
    /// How many of them are in the list.
    pub(super) listed: usize,
}

/// One invented neighbour for so many postcodes.
const NEIGHBOURS: usize = 40;

pub(super) fn places(postcodes: &Postcodes, files: &[CoverageFile]) -> Places {
    assert!(!files.is_empty());
    let mut all: Vec<Place> = postcodes.iter().map(|postcode| Place::new(&postcode.to_string())).collect();
    let listed = all.len();
    let known: HashSet<Place> = all.iter().copied().collect();
    assert_eq!(known.len(), listed, "the list has each postcode once");
    // In a sector that is known, or in an area where nobody lives.
    let neighbour = |place: &Place| ['A', 'Z'].map(|unit| format!("{}{unit}", &place.text()[..place.text().len() - 1]));
    let elsewhere = |place: &Place| [format!("AA1 {}", &place.text()[place.text().len() - 3..])];
    let absent: Vec<Place> = all
        .iter()
        .step_by(NEIGHBOURS)
        .flat_map(|place| neighbour(place).into_iter().chain(elsewhere(place)))
        .map(|text| Place::new(&text))
        .filter(|place| !known.contains(place))
        .collect();
    all.extend(absent);
    shuffle(&mut all);
    Places { all: all.into(), listed }
}

/// No row of any file goes unasked.
pub(super) fn assert_asked(places: &Places, regions: &[Arc<Region>]) {
    let asked: HashSet<&Place> = places.all.iter().collect();
    for region in regions {
        assert!(
            region.rows.keys().all(|place| asked.contains(place)),
            "a row of region {} is not asked",
            region.number
        );
    }
}

/// Fisher and Yates, with SplitMix64: always the same order.
fn shuffle(places: &mut [Place]) {
    let mut state = 0x5EED_u64;
    for last in (1..places.len()).rev() {
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = state;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^= mixed >> 31;
        places.swap(last, (mixed % (last as u64 + 1)) as usize);
    }
}
