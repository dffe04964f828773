//! What is written over the picture: titles of runs side by side, faults, legend, scale and clock.

use crate::model::city::City;
use crate::model::layer::Layer;
use crate::render::camera::FIELD_OF_VIEW;
use crate::render::tiles::Shown;
use crate::replay::Replays;
use crate::state::Viewer;
use crate::ui::timebar::clock_text;
use bevy::prelude::{Res, Result};
use bevy_egui::EguiContexts;
use egui::{Align2, Color32, CornerRadius, FontId, Pos2, Rect, Stroke, Vec2};
use qike_record::AgentKind;

const INK: Color32 = Color32::from_rgb(40, 46, 54);
const PAPER: Color32 = Color32::from_rgba_premultiplied(232, 232, 228, 232);

/// Draws the titles of runs and what could not be read of them.
pub fn draw(mut contexts: EguiContexts, replays: Res<Replays>) -> Result {
    let ctx = contexts.ctx_mut()?;
    let painter = ctx.layer_painter(egui::LayerId::background());
    let screen = ctx.viewport_rect();
    let part = screen.width() / replays.len().max(1) as f32;
    for (i, replay) in replays.0.iter().enumerate() {
        let middle = screen.left() + part * (i as f32 + 0.5);
        if replays.len() > 1 {
            plate(&painter, Pos2::new(middle, screen.top() + 20.0), &replay.title, 15.0);
        }
        if let Some(fault) = &replay.fault {
            plate(&painter, Pos2::new(middle, screen.top() + 48.0), fault, 12.0);
        }
    }
    if replays.len() > 1 {
        painter.vline(screen.left() + part, screen.y_range(), Stroke::new(2.0, Color32::WHITE));
    }
    Ok(())
}

/// Draws legend, scale and clock, for pictures.
pub fn legend(mut contexts: EguiContexts, city: Res<Shown>, viewer: Res<Viewer>, replays: Res<Replays>) -> Result {
    let ctx = contexts.ctx_mut()?;
    let painter = ctx.layer_painter(egui::LayerId::background());
    let screen = ctx.viewport_rect();
    if replays.span().is_some() {
        plate(&painter, Pos2::new(screen.center().x, screen.bottom() - 22.0), &clock_text(viewer.clock.now()), 17.0);
    }
    scale_bar(&painter, screen, &viewer);
    let rows = legend_rows(&city, &viewer, !replays.is_empty());
    let widest = rows.iter().map(|(_, text)| painter.layout_no_wrap(text.clone(), FontId::proportional(13.0), INK).size().x);
    let size = Vec2::new(48.0 + widest.fold(80.0, f32::max), rows.len() as f32 * 19.0 + 12.0);
    let frame = Rect::from_min_size(Pos2::new(screen.left() + 12.0, screen.bottom() - 12.0 - size.y), size);
    painter.rect_filled(frame, CornerRadius::same(6), PAPER);
    for (i, (colour, text)) in rows.iter().enumerate() {
        let y = frame.top() + 15.5 + i as f32 * 19.0;
        let box_ = Rect::from_center_size(Pos2::new(frame.left() + 18.0, y), Vec2::new(16.0, 11.0));
        painter.rect_filled(box_, CornerRadius::same(2), *colour);
        painter.text(Pos2::new(frame.left() + 34.0, y), Align2::LEFT_CENTER, text, FontId::proportional(13.0), INK);
    }
    Ok(())
}

/// The layers that are drawn and hold something, each with its colour.
fn legend_rows(city: &City, viewer: &Viewer, agents: bool) -> Vec<(Color32, String)> {
    let colour = |layer: Layer| match layer {
        Layer::Water => Some([58, 132, 168]),
        Layer::Green => Some([158, 190, 118]),
        Layer::Squares => Some([235, 217, 170]),
        Layer::Roads => Some([98, 103, 112]),
        Layer::Parking => Some([150, 154, 160]),
        Layer::Buildings => Some([232, 218, 198]),
        Layer::Pipes => Some([64, 186, 190]),
        Layer::Interior => Some([236, 178, 92]),
        _ => None,
    };
    let holds = |layer: Layer| city.tiles.iter().any(|tile| tile.layer == layer);
    let mut rows: Vec<(Color32, String)> = Layer::ALL
        .into_iter()
        .filter(|layer| viewer.shows(*layer) && holds(*layer))
        .filter_map(|layer| {
            let [r, g, b] = colour(layer)?;
            Some((Color32::from_rgb(r, g, b), viewer.text(&format!("layer.{}", layer.name())).to_owned()))
        })
        .collect();
    if agents {
        for (kind, [r, g, b]) in [(AgentKind::Car, [226, 72, 62]), (AgentKind::Bus, [34, 150, 110]), (AgentKind::Walker, [246, 190, 70])] {
            rows.push((Color32::from_rgb(r, g, b), viewer.text(&format!("agent.{}", kind.name())).to_owned()));
        }
    }
    rows
}

/// A round length that takes about a sixth of the picture, at the distance of the view's target.
fn scale_bar(painter: &egui::Painter, screen: Rect, viewer: &Viewer) {
    let metres_per_point = 2.0 * (FIELD_OF_VIEW / 2.0).tan() * viewer.view.distance / screen.height().max(1.0);
    let length = round_length(metres_per_point * screen.width() / 6.0);
    let width = length / metres_per_point;
    let text = if length >= 1000.0 { format!("{} km", length / 1000.0) } else { format!("{length} m") };
    let right = Pos2::new(screen.right() - 22.0, screen.bottom() - 20.0);
    let frame = Rect::from_min_max(right - Vec2::new(width + 10.0, 22.0), right + Vec2::new(10.0, 8.0));
    painter.rect_filled(frame, CornerRadius::same(6), PAPER);
    painter.hline(right.x - width..=right.x, right.y, Stroke::new(3.0, INK));
    painter.text(right - Vec2::new(width / 2.0, 4.0), Align2::CENTER_BOTTOM, text, FontId::proportional(12.0), INK);
}

/// The greatest of 1, 2, 5 × 10ⁿ that is not above a length.
fn round_length(length: f32) -> f32 {
    let power = 10.0_f32.powf(length.max(1e-3).log10().floor());
    [5.0, 2.0, 1.0].into_iter().map(|n| n * power).find(|n| *n <= length * 1.0001).unwrap_or(power)
}

fn plate(painter: &egui::Painter, middle: Pos2, text: &str, size: f32) {
    let galley = painter.layout_no_wrap(text.to_owned(), FontId::proportional(size), INK);
    let frame = Rect::from_center_size(middle, galley.size() + Vec2::new(20.0, 8.0));
    painter.rect_filled(frame, CornerRadius::same(6), PAPER);
    painter.galley(frame.center() - galley.size() / 2.0, galley, INK);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scale_bars_have_round_lengths() {
        for (length, round) in [(7.3, 5.0), (180.0, 100.0), (2.0, 2.0), (999.0, 500.0), (0.4, 0.2)] {
            assert!((round_length(length) - round).abs() < 1e-4 * round, "{length}");
        }
    }
}
