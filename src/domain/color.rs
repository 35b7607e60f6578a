//! Colours, their contrast (WCAG 2.1), and the shades of an accent colour for light and dark mode.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Minimum contrast of text (WCAG 2.1, success criterion 1.4.3).
const MIN_CONTRAST: f64 = 4.5;
/// Backgrounds of pages and e-mails in light mode.
const LIGHT_BACKGROUNDS: [Rgb; 3] =
    [Rgb(0xff, 0xfe, 0xfb), Rgb(0xf6, 0xf4, 0xef), Rgb(0xf3, 0xf1, 0xec)];
/// Backgrounds of pages and e-mails in dark mode.
const DARK_BACKGROUNDS: [Rgb; 2] = [Rgb(0x1b, 0x21, 0x1f), Rgb(0x12, 0x16, 0x14)];
/// Text on the accent colour in dark mode.
const DARK_ON_ACCENT: Rgb = Rgb(0x10, 0x17, 0x14);
const BLACK: Rgb = Rgb(0, 0, 0);
const WHITE: Rgb = Rgb(255, 255, 255);

/// Colour as red, green and blue from 0 to 255 (sRGB).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rgb(u8, u8, u8);

impl Rgb {
    /// Parses `#0a5` or `#00aa55`.
    ///
    /// # Errors
    /// A message for any other text.
    pub fn parse(text: &str) -> Result<Self, String> {
        let digits = text.trim().strip_prefix('#').unwrap_or_default();
        let long: String = match digits.len() {
            3 => digits.chars().flat_map(|c| [c, c]).collect(),
            _ => digits.to_owned(),
        };
        let is_hex = long.len() == 6 && long.bytes().all(|b| b.is_ascii_hexdigit());
        match u32::from_str_radix(&long, 16) {
            Ok(number) if is_hex => {
                let [_, red, green, blue] = number.to_be_bytes();
                Ok(Self(red, green, blue))
            }
            _ => Err(format!(
                "`{text}` is not a valid colour; write it in hexadecimal, for example #1f6150 or #0a5"
            )),
        }
    }

    /// Returns the contrast with another colour, from 1 to 21.
    pub fn contrast(self, other: Self) -> f64 {
        let (one, other) = (self.luminance(), other.luminance());
        (one.max(other) + 0.05) / (one.min(other) + 0.05)
    }

    fn luminance(self) -> f64 {
        let linear = |value: u8| {
            let value = f64::from(value) / 255.0;
            if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * linear(self.0) + 0.7152 * linear(self.1) + 0.0722 * linear(self.2)
    }

    /// Mixes in `percent` of another colour.
    fn mix(self, other: Self, percent: u16) -> Self {
        let channel = |one: u8, other: u8| {
            let sum = u16::from(one) * (100 - percent) + u16::from(other) * percent;
            u8::try_from(sum / 100).unwrap_or(u8::MAX)
        };
        Self(channel(self.0, other.0), channel(self.1, other.1), channel(self.2, other.2))
    }
}

impl fmt::Display for Rgb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{:02x}{:02x}{:02x}", self.0, self.1, self.2)
    }
}

/// Shades of an accent colour in which text is legible.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Accent {
    /// Shades for light mode.
    pub light: AccentShades,
    /// Shades for dark mode.
    pub dark: AccentShades,
}

/// Shades of an accent colour in one mode, as `#rrggbb`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccentShades {
    /// Colour of links and buttons.
    pub color: String,
    /// Colour of text on buttons.
    pub on_accent: String,
    /// Background of marked areas.
    pub tint: String,
}

impl Accent {
    /// Returns the shades of a colour: darker in light mode, and lighter in dark mode, until text
    /// has the contrast that WCAG requires.
    pub fn new(color: Rgb) -> Self {
        Self {
            light: shades(color, BLACK, WHITE, &LIGHT_BACKGROUNDS),
            dark: shades(color, WHITE, DARK_ON_ACCENT, &DARK_BACKGROUNDS),
        }
    }
}

/// Returns the first shade towards `end` that is legible on all backgrounds, and on which
/// `on_accent` is legible.
fn shades(color: Rgb, end: Rgb, on_accent: Rgb, backgrounds: &[Rgb]) -> AccentShades {
    let tint_of = |shade: Rgb| backgrounds.first().map_or(shade, |sheet| sheet.mix(shade, 12));
    let is_legible = |shade: &Rgb| {
        let all = backgrounds.iter().copied().chain([tint_of(*shade), on_accent]);
        all.into_iter().all(|background| shade.contrast(background) >= MIN_CONTRAST)
    };
    let shade = (0..=100).map(|percent| color.mix(end, percent)).find(is_legible).unwrap_or(end);
    AccentShades {
        color: shade.to_string(),
        on_accent: on_accent.to_string(),
        tint: tint_of(shade).to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_parsed_in_both_forms() {
        assert_eq!(Rgb::parse("#0a5"), Rgb::parse(" #00AA55 "));
        assert_eq!(Rgb::parse("#0a5").unwrap().to_string(), "#00aa55");
        for text in ["0a5", "#0a", "#00aa5", "#00aa5g", "green", "", "#", "#0a5f", "#äö"] {
            assert!(Rgb::parse(text).unwrap_err().contains("for example #1f6150"), "{text}");
        }
    }

    #[test]
    fn text_is_legible_in_every_accent_colour() {
        assert!((Rgb(255, 255, 255).contrast(Rgb(0, 0, 0)) - 21.0).abs() < 0.01);
        for text in ["#0a5", "#fff", "#000", "#ff0", "#00f", "#f00", "#777", "#1f6150", "#e6007e"] {
            let accent = Accent::new(Rgb::parse(text).unwrap());
            for (shades, backgrounds) in
                [(&accent.light, &LIGHT_BACKGROUNDS[..]), (&accent.dark, &DARK_BACKGROUNDS)]
            {
                let color = Rgb::parse(&shades.color).unwrap();
                let [on_accent, tint] =
                    [&shades.on_accent, &shades.tint].map(|text| Rgb::parse(text).unwrap());
                for background in backgrounds.iter().copied().chain([on_accent, tint]) {
                    assert!(color.contrast(background) >= MIN_CONTRAST, "{text} on {background}");
                }
            }
        }
        // A colour that is legible already stays as it is.
        let legible = Accent::new(Rgb::parse("#1f6150").unwrap());
        assert_eq!(legible.light.color, "#1f6150");
    }
}
