//! The commonest broken exports: each is sent as its CSP would, after a good load, and what stops it says so in the words
//! below. What answered before answers still.

use insta::assert_snapshot;

use crate::{
    command::{active_id, load, load_to},
    country::{COLUMNS, Rows, blanked, csv, csv_of, postcode, rows, south},
    running::{NOW, Server},
};

/// A server that answers for South from a good export, issued on the first of June.
async fn server() -> Server {
    let server = Server::with(&[("EXPECTED_REGIONS", "south")]).await;
    let said = load(&server, 1, &csv(&south()), &[]).await;
    assert!(said.starts_with("exit 0"), "{said}");
    server
}

/// Sends the day's export; nothing may change.
async fn refused(file: &[u8], flags: &[&str]) -> String {
    refused_by(&server().await, file, flags).await
}

async fn refused_by(server: &Server, file: &[u8], flags: &[&str]) -> String {
    let before = (active_id(server), server.running.loads().active().digest().to_owned());
    let answer = server.ask(&postcode("AA", 5)).await.unwrap();
    let said = load(server, 2, file, flags).await;
    assert!(said.starts_with("exit 1"), "{said}");
    assert_eq!((active_id(server), server.running.loads().active().digest().to_owned()), before);
    assert_eq!(server.ask(&postcode("AA", 5)).await.unwrap(), answer);
    said
}

#[tokio::test]
async fn the_dates_blanked() {
    assert_snapshot!(refused(&csv(&blanked(south(), "availability_date")), &[]).await);
}

#[tokio::test]
async fn the_variants_blanked() {
    assert_snapshot!(refused(&csv(&blanked(south(), "wan_variant")), &[]).await);
}

#[tokio::test]
async fn the_likelihoods_blanked() {
    assert_snapshot!(refused(&csv(&blanked(south(), "connectivity_likelihood")), &[]).await);
}

#[tokio::test]
async fn dates_variants_and_likelihoods_blanked_together() {
    let blank = ["availability_date", "wan_variant", "connectivity_likelihood"].into_iter().fold(south(), blanked);
    assert_snapshot!(refused(&csv(&blank), &[]).await);
}

#[tokio::test]
async fn a_column_missing() {
    let without: Vec<_> = COLUMNS.into_iter().filter(|column| *column != "connectivity_likelihood").collect();
    assert_snapshot!(refused(&csv_of(&without, &south()), &[]).await);
}

#[tokio::test]
async fn half_the_rows() {
    let mut half = south();
    half.truncate(500);
    assert_snapshot!(refused(&csv(&half), &[]).await);
}

#[tokio::test]
async fn half_the_rows_where_their_number_was_announced() {
    let mut half = south();
    half.truncate(500);
    assert_snapshot!(refused(&csv(&half), &["--rows", "999"]).await);
}

#[tokio::test]
async fn a_file_cut_off_in_the_middle_of_a_row() {
    let mut file = csv(&south());
    let half = file.windows(7).position(|bytes| bytes == b"AA1 4FG").unwrap();
    file.truncate(half + 15);
    assert_snapshot!(refused(&file, &[]).await);
}

#[tokio::test]
async fn a_file_cut_off_on_its_way_into_a_packer() {
    let packed = zstd::encode_all(&csv(&south())[..], 1).unwrap();
    assert_snapshot!(refused(&packed[..packed.len() / 2], &[]).await);
}

#[tokio::test]
async fn the_file_of_a_neighbour_with_the_same_variants() {
    // As large as the region's own, and not one place of it.
    let central = rows("AB", ["Cellular", "Cellular and Mesh"], true);
    assert_snapshot!(refused(&csv(&central), &[]).await);
}

#[tokio::test]
async fn the_file_of_a_region_with_other_variants() {
    let north = rows("AD", ["Standard 420", "Variant 450"], false);
    assert_snapshot!(refused(&csv(&north), &[]).await);
}

#[tokio::test]
async fn yesterdays_file_which_was_loaded_yesterday() {
    let server = server().await;
    let mut today = south();
    today[3][3] = "Low".to_owned();
    assert!(load(&server, 2, &csv(&today), &[]).await.starts_with("exit 0"));
    let before = active_id(&server);
    assert_snapshot!(load(&server, 1, &csv(&south()), &[]).await);
    assert_eq!(active_id(&server), before);
}

#[tokio::test]
async fn yesterdays_file_which_was_never_loaded() {
    let server = server().await;
    let mut today = south();
    today[3][3] = "Low".to_owned();
    assert!(load(&server, 3, &csv(&today), &[]).await.starts_with("exit 0"));
    today[4][3] = "Low".to_owned();
    assert_snapshot!(refused_by(&server, &csv(&today), &[]).await);
}

#[tokio::test]
async fn a_stray_quote_costs_its_own_row_and_is_told() {
    assert_snapshot!(refused(&with_stray_quote(south()), &[]).await);

    // In a larger file one row is within what is allowed: the row is set aside, and every other is loaded.
    let server = server().await;
    let mut larger = south();
    larger.extend(rows("AE", ["Cellular", "Cellular and Mesh"], true).into_iter().take(200));
    let said = load(&server, 2, &with_stray_quote(larger), &[]).await;
    assert!(said.starts_with("exit 0"), "{said}");
    assert!(said.contains("set aside                  1    0.08 %"), "{said}");
    assert_eq!(
        server.ask(&postcode("AA", 400)).await.unwrap_err().message().split_once(" has no answer").unwrap().0,
        "AA1 4AA"
    );
    assert!(server.ask(&postcode("AA", 401)).await.is_ok());
    assert!(server.ask(&postcode("AE", 199)).await.is_ok());
}

/// A text opens a quote and never closes it.
fn with_stray_quote(mut rows: Rows) -> Vec<u8> {
    let marker = "no such text";
    rows[400][4] = marker.to_owned();
    String::from_utf8(csv(&rows)).unwrap().replace(marker, "\"Ask at no. 7").into_bytes()
}

#[tokio::test]
async fn the_files_of_several_regions_joined() {
    let mut file = csv(&south());
    file.extend(csv(&rows("AB", ["Cellular", "Cellular and Mesh"], true)));
    assert_snapshot!(refused(&file, &[]).await);
}

#[tokio::test]
async fn two_exports_of_one_region_joined() {
    let mut later = south();
    later.iter_mut().for_each(|row| row[3] = row[3].replace("High", "Medium"));
    let mut file = csv(&south());
    file.extend(csv(&later).split_inclusive(|&byte| byte == b'\n').skip(1).flatten());
    assert_snapshot!(refused(&file, &[]).await);
}

#[tokio::test]
async fn a_file_without_a_row() {
    assert_snapshot!(refused(&csv(&Rows::new()), &[]).await);
}

#[tokio::test]
async fn a_file_that_is_no_coverage_file() {
    assert_snapshot!(refused(b"%PDF-1.7\n\x00\xff\n", &[]).await);
}

#[tokio::test]
async fn a_blank_variant_is_no_answer_in_the_north() {
    let server = server().await;
    let north = rows("AD", ["Standard 420", "Variant 450"], false);
    let said = load_to(&server, "north", 1, &csv(&north), &[]).await;
    assert!(said.starts_with("exit 0"), "{said}");
    let said = load_to(&server, "north", 2, &csv(&blanked(north, "wan_variant")), &[]).await;
    assert_snapshot!(said);
    assert!(server.ask(&postcode("AD", 5)).await.is_ok(), "{NOW}");
}
