//! The typeface of the panels: a subset of Noto Sans CJK SC, which has Latin and Chinese letters.

use bevy::prelude::*;
use bevy_egui::EguiContexts;
use egui::{FontData, FontDefinitions, FontFamily};
use std::sync::Arc;

/// The font file, built into the program (SIL Open Font License, beside it in assets/fonts).
const FONT: &[u8] = include_bytes!("../../../assets/fonts/NotoSansCJKsc-Subset.otf");

/// Installs the font and the look of the panels, once.
pub fn install(mut contexts: EguiContexts, mut done: Local<bool>) -> Result {
    if *done {
        return Ok(());
    }
    let ctx = contexts.ctx_mut()?;
    let mut fonts = FontDefinitions::empty();
    fonts.font_data.insert("noto".into(), Arc::new(FontData::from_static(FONT)));
    for family in [FontFamily::Proportional, FontFamily::Monospace] {
        fonts.families.insert(family, vec!["noto".into()]);
    }
    ctx.set_fonts(fonts);
    ctx.set_theme(egui::Theme::Light);
    ctx.all_styles_mut(|style| {
        style.visuals.window_corner_radius = 8.into();
        style.visuals.window_fill = egui::Color32::from_rgba_unmultiplied(250, 250, 248, 236);
        style.visuals.panel_fill = style.visuals.window_fill;
        style.spacing.item_spacing = egui::vec2(8.0, 5.0);
    });
    *done = true;
    Ok(())
}
