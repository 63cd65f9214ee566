//! A colour, without a terminal library.

/// One colour of a theme.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Color {
    /// Whatever the terminal has.
    #[default]
    Default,
    /// One of the terminal's 256; the first 16 are the user's own palette.
    Indexed(u8),
    /// Red, green, blue.
    Rgb(u8, u8, u8),
}

/// The names of the first 16 colours, in order.
const NAMES: [&str; 16] = [
    "black",
    "red",
    "green",
    "yellow",
    "blue",
    "magenta",
    "cyan",
    "gray",
    "dark-gray",
    "light-red",
    "light-green",
    "light-yellow",
    "light-blue",
    "light-magenta",
    "light-cyan",
    "white",
];

/// The first 16 colours as xterm has them; a user's own palette may differ.
const BASE: [(u8, u8, u8); 16] = [
    (0, 0, 0),
    (205, 0, 0),
    (0, 205, 0),
    (205, 205, 0),
    (0, 0, 238),
    (205, 0, 205),
    (0, 205, 205),
    (229, 229, 229),
    (127, 127, 127),
    (255, 0, 0),
    (0, 255, 0),
    (255, 255, 0),
    (92, 92, 255),
    (255, 0, 255),
    (0, 255, 255),
    (255, 255, 255),
];

/// The six steps of the colour cube, indexes 16 to 231.
pub(super) const CUBE: [u8; 6] = [0, 95, 135, 175, 215, 255];

impl Color {
    /// Reads `default`, a name, an index from 0 to 255, or `#rrggbb`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        if text == "default" {
            return Some(Self::Default);
        }
        if let Some(hex) = text.strip_prefix('#') {
            let digits = hex.len() == 6 && hex.bytes().all(|byte| byte.is_ascii_hexdigit());
            let [_, r, g, b] = u32::from_str_radix(hex, 16).ok().filter(|_| digits)?.to_be_bytes();
            return Some(Self::Rgb(r, g, b));
        }
        let named = NAMES.iter().position(|name| *name == text);
        let index = named.and_then(|index| u8::try_from(index).ok());
        index.or_else(|| text.parse().ok()).map(Self::Indexed)
    }

    /// Returns red, green and blue, of an index as xterm has them; `None` for the default.
    pub fn rgb(self) -> Option<(u8, u8, u8)> {
        match self {
            Self::Default => None,
            Self::Rgb(r, g, b) => Some((r, g, b)),
            Self::Indexed(index @ 0..16) => Some(BASE[usize::from(index)]),
            Self::Indexed(index @ 16..232) => {
                let step = |by: u8| CUBE[usize::from((index - 16) / by % 6)];
                Some((step(36), step(6), step(1)))
            }
            Self::Indexed(index) => {
                let gray = 8 + (index - 232) * 10;
                Some((gray, gray, gray))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_have_names_indexes_and_hex() {
        assert_eq!(Color::parse("default"), Some(Color::Default));
        assert_eq!(Color::parse("light-cyan"), Some(Color::Indexed(14)));
        assert_eq!(Color::parse("208"), Some(Color::Indexed(208)));
        assert_eq!(Color::parse("#0a0B0c"), Some(Color::Rgb(10, 11, 12)));
        for bad in ["", "#fff", "#+12345", "#12345g", "256", "-1", "Red", "rgb(1,2,3)"] {
            assert_eq!(Color::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn the_cube_and_the_grays_are_xterms() {
        assert_eq!(Color::Indexed(16).rgb(), Some((0, 0, 0)));
        assert_eq!(Color::Indexed(208).rgb(), Some((255, 135, 0)));
        assert_eq!(Color::Indexed(231).rgb(), Some((255, 255, 255)));
        assert_eq!(Color::Indexed(232).rgb(), Some((8, 8, 8)));
        assert_eq!(Color::Indexed(255).rgb(), Some((238, 238, 238)));
    }
}
