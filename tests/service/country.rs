//! A region's coverage as its CSP exports it, a thousand places large.

/// The column names, in the order of the cells below.
pub(crate) const COLUMNS: [&str; 5] =
    ["postcode", "availability_date", "wan_variant", "connectivity_likelihood", "additional_information"];

/// The cells of each row.
pub(crate) type Rows = Vec<[String; 5]>;

/// How many places a region has.
pub(crate) const PLACES: usize = 999;

/// What a region's CSP exports. `area` is the letters its postcodes begin with, `variants` what Table 3 lists for it, and
/// where the region may leave a variant unconfirmed, every twentieth is.
pub(crate) fn rows(area: &str, variants: [&str; 2], unconfirmed: bool) -> Rows {
    (0..PLACES).map(|n| row(area, variants, unconfirmed, n)).collect()
}

pub(crate) fn south() -> Rows {
    rows("AA", ["Cellular", "Cellular and Mesh"], true)
}

pub(crate) fn postcode(area: &str, n: usize) -> String {
    let letters: Vec<char> = "ABDEFGHJLN".chars().collect();
    format!("{area}{} {}{}{}", n / 1000 + 1, n / 100 % 10, letters[n / 10 % 10], letters[n % 10])
}

fn row(area: &str, variants: [&str; 2], unconfirmed: bool, n: usize) -> [String; 5] {
    let information = if n.is_multiple_of(10) { "Ask for the key, please" } else { "" };
    let cells = match n {
        _ if n % 50 == 7 => [String::new(), String::new(), String::new()],
        _ => {
            let variant =
                if unconfirmed && n.is_multiple_of(20) { " " } else { variants[usize::from(n.is_multiple_of(3))] };
            let likelihood = ["High", "Medium", "Low"][n % 3];
            [format!("20{}-0{}-01", 15 + n % 14, n % 9 + 1), variant.to_owned(), likelihood.to_owned()]
        }
    };
    let [date, variant, likelihood] = cells;
    [postcode(area, n), date, variant, likelihood, information.to_owned()]
}

/// The file, texts quoted as a CSP's database quotes them.
pub(crate) fn csv(rows: &Rows) -> Vec<u8> {
    csv_of(&COLUMNS, rows)
}

/// A file with other columns: a name that is not there is not written, and `change` says upsert in every row.
pub(crate) fn csv_of(columns: &[&str], rows: &Rows) -> Vec<u8> {
    let mut file = columns.join(",") + "\n";
    for row in rows {
        let cell = |column: &&str| match COLUMNS.iter().position(|name| name == column) {
            Some(place) if row[place].contains(',') => format!("\"{}\"", row[place]),
            Some(place) => row[place].clone(),
            None => "upsert".to_owned(),
        };
        file += &(columns.iter().map(cell).collect::<Vec<_>>().join(",") + "\n");
    }
    file.into_bytes()
}

/// A column emptied.
pub(crate) fn blanked(mut rows: Rows, column: &str) -> Rows {
    let place = COLUMNS.iter().position(|name| *name == column).unwrap();
    rows.iter_mut().for_each(|row| row[place].clear());
    rows
}
