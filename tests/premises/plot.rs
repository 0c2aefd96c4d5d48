//! Cost against size, for docs/performance.md.

use std::fmt::Write as _;

use crate::measured::Measured;

const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 320.0;
const MARGIN: f64 = 56.0;

/// A line of the plot: what it is, how it is drawn, and the share of its limit that was used.
struct Line {
    what: &'static str,
    colour: &'static str,
    used: fn(&Measured) -> f64,
}

const LINES: [Line; 5] = [
    Line { what: "load / walk, of 10", colour: "#1b6ca8", used: |m| m.load_ratio() / 10.0 },
    Line { what: "memory during loads, of 1 GB", colour: "#c0392b", used: |m| m.peak / 1000.0 },
    Line { what: "memory while serving, of 500 MB", colour: "#d68910", used: |m| m.serving / 500.0 },
    Line { what: "bytes a premises, of 64", colour: "#1e8449", used: |m| m.disk / m.premises as f64 / 64.0 },
    Line {
        what: "by UPRN / by postcode, of 1.5",
        colour: "#6c3483",
        used: |m| m.uprn.as_secs_f64() / m.postcode.as_secs_f64() / 1.5,
    },
];

/// Each figure as a share of its limit, over the number of premises on a logarithmic axis.
pub(crate) fn svg(measured: &[Measured]) -> String {
    let exponent = |m: &Measured| (m.premises as f64).log10();
    let (least, most) = measured
        .iter()
        .map(exponent)
        .fold((f64::INFINITY, 0.0), |(least, most), each| (each.min(least), each.max(most)));
    let span = (most - least).max(1e-9);
    let x = |m: &Measured| MARGIN + (exponent(m) - least) / span * (WIDTH - 2.0 * MARGIN);
    let y = |share: f64| HEIGHT - MARGIN - share.min(1.2) / 1.2 * (HEIGHT - 2.0 * MARGIN);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {}\" font-family=\"sans-serif\" font-size=\"11\">\n\
         <title>What premises cost, as a share of each limit</title>\n<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n",
        HEIGHT + 16.0 * LINES.len() as f64
    );
    for (share, what) in [(0.0, "0"), (0.5, "half"), (1.0, "limit")] {
        let at = y(share);
        let _ = writeln!(
            svg,
            "<line x1=\"{MARGIN}\" y1=\"{at:.1}\" x2=\"{}\" y2=\"{at:.1}\" stroke=\"#bbb\"/>",
            WIDTH - MARGIN
        );
        let _ = writeln!(svg, "<text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{what}</text>", MARGIN - 6.0, at + 4.0);
    }
    for each in measured {
        let millions = each.premises as f64 / 1e6;
        let _ = writeln!(
            svg,
            "<text x=\"{:.1}\" y=\"{}\" text-anchor=\"middle\">{millions:.1} M</text>",
            x(each),
            HEIGHT - MARGIN + 18.0
        );
    }
    for (place, line) in LINES.iter().enumerate() {
        let points: Vec<_> =
            measured.iter().map(|each| format!("{:.1},{:.1}", x(each), y((line.used)(each)))).collect();
        let _ = writeln!(
            svg,
            "<polyline fill=\"none\" stroke=\"{}\" stroke-width=\"2\" points=\"{}\"/>",
            line.colour,
            points.join(" ")
        );
        let at = HEIGHT + 16.0 * place as f64;
        let _ = writeln!(svg, "<text x=\"{MARGIN}\" y=\"{at}\" fill=\"{}\">{}</text>", line.colour, line.what);
    }
    svg + "</svg>\n"
}

/// The same in figures, as docs/performance.md has it.
pub(crate) fn table(measured: &[Measured]) -> String {
    let mut table = "| premises | load / walk | peak during loads | serving | bytes a premises | by postcode, UPRN, address |\n|---|---|---|---|---|---|\n".to_owned();
    for m in measured {
        let [postcode, uprn, address] = [m.postcode, m.uprn, m.address].map(|time| time.as_secs_f64() * 1e6);
        let _ = writeln!(
            table,
            "| {} | {:.2} | {:.0} MB | {:.0} MB | {:.1} | {postcode:.1}, {uprn:.1}, {address:.1} µs |",
            m.premises,
            m.load_ratio(),
            m.peak,
            m.serving,
            m.disk / m.premises as f64
        );
    }
    table
}
