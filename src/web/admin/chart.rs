//! Geometry of the charts.

use crate::domain::readership::Day;
use crate::templates::pages::{Bar, Chart, Tick};

/// Width of a drawing.
const WIDTH: i64 = 560;
/// Height of a drawing.
const HEIGHT: i64 = 150;
/// Space for the texts of the scale.
const LEFT: i64 = 50;
/// Space at the other edges.
const TOP: i64 = 12;
const RIGHT: i64 = 8;
const BOTTOM: i64 = 24;

/// Returns a chart with a bar for each day.
pub(super) fn bars(label: String, values: &[(Day, i64)]) -> Chart {
    draw(label, values, 0, false)
}

/// Returns a chart with a line through the numbers of the days, whose scale need not begin at zero.
pub(super) fn line(label: String, values: &[(Day, i64)]) -> Chart {
    let lowest = values.iter().map(|(_, value)| *value).min().unwrap_or(0);
    let highest = values.iter().map(|(_, value)| *value).max().unwrap_or(0);
    // A line near the top of a scale from zero would hide every change.
    let from = if lowest > 2 * (highest - lowest) { lowest } else { 0 };
    draw(label, values, from, true)
}

fn draw(label: String, values: &[(Day, i64)], from: i64, with_line: bool) -> Chart {
    let highest = values.iter().map(|(_, value)| *value).max().unwrap_or(0);
    let step = step(highest - from);
    let from = from.div_euclid(step) * step;
    let rounded_up = highest.div_euclid(step) * step + if highest % step == 0 { 0 } else { step };
    let to = rounded_up.max(from + 2 * step);
    let bottom = HEIGHT - BOTTOM;
    let y_of = |value: i64| bottom - (value - from) * (bottom - TOP) / (to - from).max(1);
    let count = i64::try_from(values.len()).unwrap_or(1).max(1);
    let x_of =
        |index: usize| LEFT + i64::try_from(index).unwrap_or(0) * (WIDTH - LEFT - RIGHT) / count;
    let bar = |(index, (day, value)): (usize, &(Day, i64))| Bar {
        day: day.text(),
        value: *value,
        x: x_of(index),
        y: y_of(*value),
        width: (x_of(index + 1) - x_of(index) - 3).max(1),
        height: bottom - y_of(*value),
    };
    let bars: Vec<Bar> = values.iter().enumerate().map(bar).collect();
    let points: Vec<String> =
        bars.iter().map(|bar| format!("{} {}", bar.x + bar.width / 2, bar.y)).collect();
    let line = (with_line && bars.len() > 1).then(|| format!("M{}", points.join("L")));
    let area = line.as_ref().and_then(|line| {
        let (first, last) = (bars.first()?, bars.last()?);
        let end = last.x + last.width / 2;
        Some(format!("{line}L{end} {bottom}L{} {bottom}z", first.x + first.width / 2))
    });
    let ticks = (0..)
        .map(|index| from + index * step)
        .take_while(|value| *value <= to)
        .map(|value| Tick { at: y_of(value), text: scale_text(value, step), anchor: "end".into() });
    Chart {
        label,
        width: WIDTH,
        height: HEIGHT,
        is_empty: highest == 0,
        ticks: ticks.collect(),
        days: day_ticks(&bars),
        days_y: HEIGHT - 6,
        bars,
        line,
        area,
    }
}

/// Returns the first, the middle and the last day with their positions.
fn day_ticks(bars: &[Bar]) -> Vec<Tick> {
    let tick = |bar: &Bar, at: i64, anchor: &str| Tick {
        at,
        // Without the year.
        text: bar.day.get(5..).unwrap_or_default().to_owned(),
        anchor: anchor.to_owned(),
    };
    let (Some(first), Some(last)) = (bars.first(), bars.last()) else { return Vec::new() };
    let middle = &bars[bars.len() / 2];
    let mut ticks = vec![tick(first, first.x, "start")];
    if bars.len() > 2 {
        ticks.push(tick(middle, middle.x + middle.width / 2, "middle"));
        ticks.push(tick(last, last.x + last.width, "end"));
    }
    ticks
}

/// Returns the smallest of 1, 2 and 5 times a power of ten of which two or three reach over a range.
fn step(range: i64) -> i64 {
    let mut power = 1;
    loop {
        for factor in [1, 2, 5] {
            if range <= 3 * factor * power {
                return factor * power;
            }
        }
        power *= 10;
    }
}

/// Returns a number of a scale in as few characters as its step allows: `950`, `1,220`, `12k`, `3M`.
fn scale_text(number: i64, step: i64) -> String {
    match step {
        _ if number == 0 => "0".to_owned(),
        _ if step % 1_000_000 == 0 => format!("{}M", number / 1_000_000),
        _ if step % 1_000 == 0 => format!("{}k", number / 1_000),
        _ if number >= 1_000 => format!("{},{:03}", number / 1_000, number % 1_000),
        _ => number.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn days(values: &[i64]) -> Vec<(Day, i64)> {
        (20_000..).map(Day).zip(values.iter().copied()).collect()
    }

    #[test]
    fn bars_stand_on_the_axis_and_the_scale_covers_all_values() {
        for values in [vec![0, 0], vec![1, 0, 3], vec![59, 60, 61], vec![1_234_567, 5], vec![7]] {
            let chart = bars("x".into(), &days(&values));
            let bottom = chart.ticks[0].at;
            assert_eq!(chart.ticks[0].text, "0");
            assert!((3..=4).contains(&chart.ticks.len()), "{:?}", chart.ticks);
            for (bar, value) in chart.bars.iter().zip(values) {
                assert_eq!((bar.y + bar.height, bar.value), (bottom, value));
                assert!(bar.y >= TOP && bar.height >= 0 && bar.x + bar.width <= WIDTH);
            }
        }
    }

    #[test]
    fn a_line_of_large_numbers_with_small_changes_does_not_begin_at_zero() {
        let chart = line("x".into(), &days(&[1_200, 1_210, 1_260]));
        let texts: Vec<&str> = chart.ticks.iter().map(|tick| tick.text.as_str()).collect();
        assert_eq!(texts, ["1,200", "1,220", "1,240", "1,260"]);
        assert!(chart.line.is_some() && chart.area.is_some());
        assert!(chart.bars[2].y < chart.bars[0].y - 50, "{:?}", chart.bars);
    }

    #[test]
    fn numbers_of_the_scale_are_short() {
        let texts = [(0, 20), (950, 50), (1_220, 20), (12_000, 2_000), (3_000_000, 1_000_000)]
            .map(|(number, step)| scale_text(number, step));
        assert_eq!(texts, ["0", "950", "1,220", "12k", "3M"]);
    }
}
