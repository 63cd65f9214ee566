//! How many colours a terminal has, and the nearest one that it has.

use crate::theme::color::Color;

/// The colours that a terminal can show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Depth {
    /// None, or none are wanted.
    None,
    /// The 16 of the user's palette.
    Sixteen,
    /// Those, a cube of 216 and 24 grays.
    #[default]
    Indexed,
    /// 24 bits.
    True,
}

impl Depth {
    /// Returns the nearest colour that there is.
    pub(super) fn lower(self, color: Color) -> Color {
        match (self, color) {
            (Self::None, _) => Color::Default,
            (Self::True, _)
            | (_, Color::Default)
            | (Self::Indexed, Color::Indexed(_))
            | (Self::Sixteen, Color::Indexed(0..16)) => color,
            // Only these do not move with the user's palette.
            (Self::Indexed, Color::Rgb(..)) => nearest(color, 16..=255),
            (Self::Sixteen, _) => nearest(color, 0..=15),
        }
    }
}

fn nearest(color: Color, among: std::ops::RangeInclusive<u8>) -> Color {
    let Some(wanted) = color.rgb() else { return color };
    let candidates = among.map(Color::Indexed);
    let near = candidates
        .min_by_key(|candidate| candidate.rgb().map_or(u32::MAX, |found| distance(found, wanted)));
    near.unwrap_or(color)
}

fn distance(a: (u8, u8, u8), b: (u8, u8, u8)) -> u32 {
    let square = |a: u8, b: u8| u32::from(a.abs_diff(b)).pow(2);
    square(a.0, b.0) + square(a.1, b.1) + square(a.2, b.2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::theme::color::CUBE;

    #[test]
    fn a_colour_becomes_the_nearest_there_is() {
        let orange = Color::Rgb(250, 140, 5);
        assert_eq!(Depth::True.lower(orange), orange);
        assert_eq!(Depth::Indexed.lower(orange), Color::Indexed(208));
        assert_eq!(Depth::Sixteen.lower(Color::Rgb(250, 5, 5)), Color::Indexed(9));
        assert_eq!(Depth::Sixteen.lower(Color::Indexed(196)), Color::Indexed(9));
        assert_eq!(Depth::None.lower(orange), Color::Default);
        assert_eq!(Depth::Indexed.lower(Color::Indexed(3)), Color::Indexed(3));
        assert_eq!(Depth::Sixteen.lower(Color::Default), Color::Default);
    }

    #[test]
    fn the_cube_maps_onto_itself() {
        for r in CUBE {
            let color = Color::Rgb(r, 0, 255);
            assert_eq!(Depth::Indexed.lower(color).rgb(), color.rgb());
        }
    }
}
