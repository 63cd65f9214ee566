//! What goes into the terminal's own scrollback, where the chat is on the normal screen.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::Model;
use crate::theme::Theme;
use crate::ui::paint;
use crate::ui::style::base;
use crate::ui::transcript;
use crate::ui::transcript::Scene;
use crate::ui::view::Found;
use crate::ui::view::View;

/// Which rows of the session in front are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Passing {
    /// Those that left the screen at its top, and that no later word changes.
    Above,
    /// All that were not given out yet, at the end.
    Rest,
}

/// Gives out rows of the transcript, each once, in their order: at most as many as the screen has,
/// as wide as it. `None` when there are no more for now. What the last frame showed is what counts.
pub fn passed(
    model: &Model,
    theme: &Theme,
    view: &mut View,
    (passing, screen): (Passing, Rect),
) -> Option<Buffer> {
    let session = model.current();
    // Whoever looks back or reads sees rows that will be there again.
    let follows = session.scroll().top().is_none() && session.reading().is_none();
    let layout = view.layouts.get_mut(&session.id())?;
    let most = usize::from(screen.height);
    let rows = match passing {
        Passing::Above if follows => layout.pass(most)?,
        Passing::Above => return None,
        Passing::Rest => layout.rest(most)?,
    };
    layout.colour(rows.clone());
    let height = u16::try_from(rows.len()).unwrap_or(screen.height);
    let area = Rect { x: 0, y: 0, height, width: screen.width };
    let mut buf = Buffer::empty(area);
    buf.set_style(area, base(theme));
    let (scene, mut found) = (Scene { model, theme }, Found::default());
    let seen = (&mut found, &mut view.stats);
    transcript::draw(scene, (layout, rows.start), area, &mut buf, seen);
    if view.hyperlinks {
        for (place, address) in &found.links {
            paint::link(&mut buf, *place, address);
        }
    }
    Some(buf)
}
