//! QR codes as SVG paths.

use std::fmt::Write as _;

use qrcodegen::{QrCode as Modules, QrCodeEcc};

/// Light modules around the code (ISO/IEC 18004 requires four).
const QUIET_ZONE: i32 = 4;

/// A QR code for an SVG image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QrCode {
    /// Width and height of the view box, in modules.
    pub size: i32,
    /// Path of the dark modules.
    pub path: String,
}

impl QrCode {
    /// Encodes a text; `None` if it is too long.
    pub fn new(text: &str) -> Option<Self> {
        let modules = Modules::encode_text(text, QrCodeEcc::Medium).ok()?;
        let mut path = String::new();
        for y in 0..modules.size() {
            for x in (0..modules.size()).filter(|x| modules.get_module(*x, y)) {
                // Writing to a string does not fail.
                let _ = write!(path, "M{},{}h1v1h-1z", x + QUIET_ZONE, y + QUIET_ZONE);
            }
        }
        Some(Self { size: modules.size() + 2 * QUIET_ZONE, path })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_begins_with_the_finder_pattern_inside_the_quiet_zone() {
        let code = QrCode::new("otpauth://totp/x?secret=ABC").unwrap();
        assert!(code.path.starts_with("M4,4h1v1h-1zM5,4h1v1h-1z"), "{}", code.path);
        assert!((29..60).contains(&code.size), "{}", code.size);
        assert_eq!(QrCode::new(&"x".repeat(4000)), None);
    }
}
