//! The time bar: play and pause, speed, and any instant of the run.

use crate::replay::Replays;
use crate::state::Viewer;
use bevy::prelude::{Res, ResMut, Result};
use bevy_egui::EguiContexts;
use egui::{Align2, RichText};
use qike_core::SimTime;

/// A time of day for people; the day is added where the run goes past midnight.
pub fn clock_text(time: SimTime) -> String {
    let seconds = time.ms().div_euclid(1000);
    let (day, s) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let clock = format!("{:02}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60);
    if day == 0 { clock } else { format!("{clock} {day:+} d") }
}

/// Draws the bar where there is a recording.
pub fn draw(mut contexts: EguiContexts, replays: Res<Replays>, mut viewer: ResMut<Viewer>) -> Result {
    if replays.span().is_none() {
        return Ok(());
    }
    let ctx = contexts.ctx_mut()?.clone();
    let width = (ctx.viewport_rect().width() - 520.0).clamp(320.0, 900.0);
    egui::Window::new("time").title_bar(false).resizable(false).anchor(Align2::CENTER_BOTTOM, [0.0, -12.0]).show(&ctx, |ui| {
        ui.horizontal(|ui| {
            let label = if viewer.clock.playing { viewer.text("time.pause") } else { viewer.text("time.play") }.to_owned();
            if ui.button(label).clicked() {
                if viewer.clock.now() >= viewer.clock.last {
                    let first = viewer.clock.first;
                    viewer.clock.set(first);
                }
                viewer.clock.playing = !viewer.clock.playing;
            }
            // As wide for every time, or the bar would breathe and cut digits off.
            ui.add_sized([86.0, 18.0], egui::Label::new(RichText::new(clock_text(viewer.clock.now())).monospace()));
            ui.spacing_mut().slider_width = width - 330.0;
            let (first, last) = (viewer.clock.first.ms() as f64, viewer.clock.last.ms() as f64);
            ui.add(egui::Slider::new(&mut viewer.clock.now_ms, first..=last).show_value(false));
            ui.spacing_mut().slider_width = 90.0;
            ui.label(viewer.text("time.speed").to_owned());
            ui.add(egui::Slider::new(&mut viewer.clock.speed, 0.1..=600.0).logarithmic(true).suffix("×").max_decimals(1));
        });
    });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_are_written_as_people_do() {
        assert_eq!(clock_text(SimTime::from_s(30_605)), "08:30:05");
        assert_eq!(clock_text(SimTime::from_s(86_400 + 60)), "00:01:00 +1 d");
    }
}
