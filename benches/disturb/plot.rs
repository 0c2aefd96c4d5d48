//! Latency over time as a picture: one panel a phase, on one scale, with a mark wherever a load became active.
//!
//! The colours follow the reader's: an SVG may ask whether its page is light or dark.

use std::fmt::Write as _;

use crate::{
    measure::percentile,
    measured::{Phase, Round},
};

const WIDTH: f64 = 960.0;
const HEIGHT: f64 = 440.0;
const LEFT: f64 = 66.0;
const RIGHT: f64 = 20.0;
const TOP: f64 = 108.0;
const BOTTOM: f64 = 62.0;
const GAP: f64 = 22.0;
/// Points of a line.
const POINTS: usize = 60;

const STYLE: &str = "\
    text { font: 13px system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif; fill: #1f2328; }\n\
    .title { font-size: 17px; font-weight: 600; }\n\
    .panel { font-weight: 600; }\n\
    .muted { fill: #59636e; font-size: 12px; }\n\
    .ground { fill: #ffffff; }\n\
    .plot { fill: #f6f8fa; }\n\
    .grid { stroke: #d1d9e0; stroke-width: 1; }\n\
    .load { stroke: #8250df; stroke-width: 1; stroke-opacity: .45; }\n\
    .mark { fill: #8250df; }\n\
    .p50 { stroke: #0969da; }\n\
    .p99 { stroke: #bc4c00; }\n\
    .p50, .p99 { fill: none; stroke-width: 1.8; stroke-linejoin: round; }\n\
    .worst { fill: #bc4c00; fill-opacity: .32; }\n\
    @media (prefers-color-scheme: dark) {\n\
      text { fill: #f0f6fc; }\n\
      .muted { fill: #9198a1; }\n\
      .ground { fill: #0d1117; }\n\
      .plot { fill: #151b23; }\n\
      .grid { stroke: #3d444d; }\n\
      .load { stroke: #ab7df8; }\n\
      .mark { fill: #ab7df8; }\n\
      .p50 { stroke: #4493f8; }\n\
      .p99 { stroke: #f0883e; }\n\
      .worst { fill: #f0883e; }\n\
    }\n";

/// The picture of one round.
pub(crate) fn svg(round: &Round, calls_a_second: u32, caption: &str) -> String {
    let scale = Scale::of(round.phases());
    let count = round.phases().len() as f64;
    let width = (WIDTH - LEFT - RIGHT - GAP * (count - 1.0)) / count;
    let mut svg = String::new();
    let description = "Latency of lookups over time: at rest, while loads run, and beside another process that reads the \
                       same files";
    writeln!(
        svg,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" width=\"{WIDTH}\" height=\"{HEIGHT}\" \
         role=\"img\" aria-label=\"{description}\">\n<style>\n{STYLE}</style>\n\
         <rect class=\"ground\" width=\"{WIDTH}\" height=\"{HEIGHT}\" rx=\"6\"/>"
    )
    .unwrap();
    text(&mut svg, "title", LEFT, 30.0, "start", "Lookups while national loads run back to back");
    legend(&mut svg);
    for (place, phase) in round.phases().iter().enumerate() {
        panel(&mut svg, phase, LEFT + place as f64 * (width + GAP), width, &scale);
    }
    for decade in scale.decades() {
        text(&mut svg, "muted", LEFT - 8.0, scale.y(decade) + 4.0, "end", &label(decade));
    }
    let said = format!("{calls_a_second} calls a second, each timed from when it was due. {caption}.");
    text(&mut svg, "muted", LEFT, HEIGHT - 14.0, "start", &said);
    svg.push_str("</svg>\n");
    svg
}

fn legend(svg: &mut String) {
    let y = 52.0;
    let mut x = LEFT;
    for (class, name) in [("p50", "median"), ("p99", "99th percentile")] {
        writeln!(svg, "<path class=\"{class}\" d=\"M{x} {} h22\"/>", y - 4.0).unwrap();
        text(svg, "muted", x + 28.0, y, "start", name);
        x += 46.0 + name.len() as f64 * 6.6;
    }
    writeln!(svg, "<circle class=\"worst\" cx=\"{}\" cy=\"{}\" r=\"3\"/>", x + 4.0, y - 4.0).unwrap();
    text(svg, "muted", x + 13.0, y, "start", "slowest call");
    x += 106.0;
    mark(svg, x, y - 8.0);
    text(svg, "muted", x + 9.0, y, "start", "a load becomes active");
}

fn panel(svg: &mut String, phase: &Phase, x: f64, width: f64, scale: &Scale) {
    let seconds = phase.length.as_secs_f64();
    let (top, bottom) = (TOP, HEIGHT - BOTTOM);
    let at = |time: f64| x + time / seconds * width;
    text(svg, "panel", x, TOP - 26.0, "start", phase.kind.name());
    let figures = format!("p50 {:.2}   p99 {:.2}   p99.9 {:.2} ms", phase.p50, phase.p99, phase.p999);
    text(svg, "muted", x, TOP - 9.0, "start", &figures);
    writeln!(
        svg,
        "<rect class=\"plot\" x=\"{x:.1}\" y=\"{top}\" width=\"{width:.1}\" height=\"{:.1}\"/>",
        bottom - top
    )
    .unwrap();
    for decade in scale.decades() {
        writeln!(svg, "<path class=\"grid\" d=\"M{x:.1} {:.1} h{width:.1}\"/>", scale.y(decade)).unwrap();
    }
    for &activation in &phase.activations {
        writeln!(svg, "<path class=\"load\" d=\"M{:.1} {top} V{bottom}\"/>", at(activation)).unwrap();
        mark(svg, at(activation), top);
    }
    let slices = slices(phase);
    for (time, [_, _, worst]) in &slices {
        writeln!(svg, "<circle class=\"worst\" cx=\"{:.1}\" cy=\"{:.1}\" r=\"2\"/>", at(*time), scale.y(*worst))
            .unwrap();
    }
    for (class, figure) in [("p99", 1), ("p50", 0)] {
        let mut path = String::new();
        for (n, (time, figures)) in slices.iter().enumerate() {
            let step = if n == 0 { 'M' } else { 'L' };
            write!(path, "{step}{:.1} {:.1} ", at(*time), scale.y(figures[figure])).unwrap();
        }
        writeln!(svg, "<path class=\"{class}\" d=\"{}\"/>", path.trim_end()).unwrap();
    }
    for (time, anchor) in [(0.0, "start"), (seconds, "end")] {
        text(svg, "muted", at(time), bottom + 18.0, anchor, &format!("{time:.0} s"));
    }
}

/// For each slice of the phase its middle, and the median, the 99th percentile and the worst of its calls.
fn slices(phase: &Phase) -> Vec<(f64, [f64; 3])> {
    let width = phase.length.as_secs_f64() / POINTS as f64;
    let slice = |n: usize| {
        let (from, to) = (n as f64 * width, (n + 1) as f64 * width);
        let within = phase.latencies.iter().filter(|(due, _)| (from..to).contains(due));
        let mut latencies: Vec<f64> = within.map(|&(_, latency)| latency).collect();
        latencies.sort_unstable_by(f64::total_cmp);
        let worst = *latencies.last()?;
        Some(((from + to) / 2.0, [percentile(&latencies, 0.5), percentile(&latencies, 0.99), worst]))
    };
    (0..POINTS).filter_map(slice).collect()
}

/// Milliseconds to heights, by their logarithm: both the usual and the worst can be read.
struct Scale {
    least: f64,
    most: f64,
}

impl Scale {
    /// Whole decades around every latency.
    fn of(phases: &[Phase]) -> Self {
        let all = || phases.iter().flat_map(|phase| &phase.latencies).map(|&(_, latency)| latency.max(1e-3));
        let least = all().fold(f64::INFINITY, f64::min).log10().floor();
        let most = all().fold(0.0, f64::max).log10().ceil();
        Self { least, most: most.max(least + 1.0) }
    }

    fn y(&self, milliseconds: f64) -> f64 {
        let share = (milliseconds.max(1e-3).log10() - self.least) / (self.most - self.least);
        let height = HEIGHT - BOTTOM - TOP;
        HEIGHT - BOTTOM - share.clamp(0.0, 1.0) * height
    }

    fn decades(&self) -> impl Iterator<Item = f64> + use<> {
        (self.least as i32..=self.most as i32).map(|decade| 10_f64.powi(decade))
    }
}

fn label(milliseconds: f64) -> String {
    if milliseconds >= 1_000.0 { format!("{} s", milliseconds / 1_000.0) } else { format!("{milliseconds} ms") }
}

fn mark(svg: &mut String, x: f64, y: f64) {
    writeln!(svg, "<path class=\"mark\" d=\"M{:.1} {y} h8 l-4 7 z\"/>", x - 4.0).unwrap();
}

fn text(svg: &mut String, class: &str, x: f64, y: f64, anchor: &str, said: &str) {
    let said = said.replace('&', "&amp;").replace('<', "&lt;");
    writeln!(svg, "<text class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\" xml:space=\"preserve\">{said}</text>")
        .unwrap();
}
