//! Charts, whose template draws them as SVG and lists the same numbers in a table.

use serde::Serialize;

/// Chart of one number per day.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Chart {
    /// Description for people who do not see the chart.
    pub label: String,
    /// Width of the drawing.
    pub width: i64,
    /// Height of the drawing.
    pub height: i64,
    /// `true` if the number of each day is 0.
    pub is_empty: bool,
    /// Horizontal lines of the scale, from the bottom.
    pub ticks: Vec<Tick>,
    /// Days of the chart, oldest first.
    pub bars: Vec<Bar>,
    /// Path of the line through the values; `None` for a chart of bars.
    pub line: Option<String>,
    /// Path of the area below the line; `None` for a chart of bars.
    pub area: Option<String>,
    /// First, middle and last day.
    pub days: Vec<Tick>,
    /// Vertical position of the days.
    pub days_y: i64,
}

/// Position on an axis with its text.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Tick {
    /// Position on the axis.
    pub at: i64,
    /// Text at this position.
    pub text: String,
    /// SVG anchor of the text: `start`, `middle` or `end`.
    pub anchor: String,
}

/// Number of one day.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Bar {
    /// Day of the number, as `YYYY-MM-DD`.
    pub day: String,
    /// Number of this day.
    pub value: i64,
    /// Left edge of the bar.
    pub x: i64,
    /// Top edge of the bar.
    pub y: i64,
    /// Width of the bar.
    pub width: i64,
    /// Height of the bar.
    pub height: i64,
}

impl Chart {
    /// Returns a sample with two days.
    pub(super) fn sample(with_line: bool) -> Self {
        let bar =
            |day: &str, value, x| Bar { day: day.into(), value, x, y: 20, width: 15, height: 100 };
        let tick = |at, text: &str| Tick { at, text: text.into(), anchor: "end".into() };
        Self {
            label: "Readers".into(),
            width: 560,
            height: 150,
            is_empty: false,
            ticks: vec![tick(128, "0"), tick(20, "60")],
            bars: vec![bar("2026-09-20", 12, 42), bar("2026-09-21", 14, 60)],
            line: with_line.then(|| "M42 20L60 18".into()),
            area: with_line.then(|| "M42 128L42 20L60 18L60 128z".into()),
            days: vec![tick(42, "2026-09-20")],
            days_y: 145,
        }
    }
}
