//! The lookup itself, with no service around it.

use std::{hint::black_box, path::Path, sync::Arc, time::Instant};

use jiff::Timestamp;
use wan_matrix::{
    domain::{Postcode, Table3},
    loads::{Loads, Settings},
};

use crate::measure::{Drawn, Figures, median};

pub(crate) fn tell(figures: &Figures, data_dir: &Path, drawn: &Drawn) {
    let settings = Settings { data_dir: data_dir.to_owned(), ..Settings::default() };
    let table3 = Arc::new(Table3::shipped().unwrap());
    let loads = Loads::open(settings, table3, Arc::new(Timestamp::now)).unwrap();
    let set = loads.active();
    let postcodes: Vec<Postcode> = drawn.postcodes().iter().map(|text| text.parse().unwrap()).collect();
    let mut times = Vec::new();
    for _ in 0..9 {
        let started = Instant::now();
        let mut answers = 0;
        for &postcode in &postcodes {
            answers += set.lookup(black_box(postcode)).filter(|answer| black_box(answer).is_ok()).count();
        }
        assert!(answers >= postcodes.len());
        times.push(started.elapsed().as_secs_f64() * 1e9 / postcodes.len() as f64);
    }
    println!();
    figures.tell("one lookup over all regions, in process", format!("{:.0} ns", median(&times)));
}
