//! The panels: layers and views on the left, the picked object on the right.

use crate::i18n::Language;
use crate::model::cameras::{self, CameraChoice, NAMES, View};
use crate::model::city::City;
use crate::model::layer::Layer;
use crate::render::tiles::Shown;
use crate::state::Viewer;
use crate::ui::search::search;
use bevy::prelude::{Res, ResMut, Resource, Result};
use bevy_egui::EguiContexts;
use egui::{Align2, RichText, ScrollArea};
use qike_scene::{ObjectIx, Value};

/// What the panels remember.
#[derive(Resource, Default)]
pub struct PanelState {
    picked: Option<ObjectIx>,
    query: String,
    found: Vec<ObjectIx>,
    /// The named views that the city has; looked for once, since that goes through all objects.
    views: Option<Vec<(&'static str, View)>>,
}

impl PanelState {
    /// Makes an object the picked one; nothing un-picks.
    pub fn choose(&mut self, viewer: &mut Viewer, object: Option<ObjectIx>) {
        self.picked = object;
        viewer.marked = object.into_iter().collect();
    }
}

/// The view that shows an object well.
pub fn fly_to(city: &City, ix: ObjectIx, from: &View) -> Option<View> {
    let bounds = city.snapshot.bounds_of(ix);
    if bounds.is_empty() {
        return None;
    }
    let size = bounds.size();
    let across = size.iter().fold(0.0_f64, |a, b| a.max(*b)) as f32;
    let mut target = city.frame.to_scene(bounds.centre());
    if bounds.max[2] - bounds.min[2] < 0.01 && target[1].abs() < 1e-3 {
        target[1] = city.ground.at(target[0], target[2]);
    }
    Some(View { target, distance: (across * 1.7).clamp(25.0, 6_000.0), pitch: from.pitch.max(0.45), ..*from })
}

/// Draws the panels.
pub fn draw(mut contexts: EguiContexts, city: Res<Shown>, mut viewer: ResMut<Viewer>, mut state: ResMut<PanelState>) -> Result {
    let ctx = contexts.ctx_mut()?.clone();
    egui::Window::new("Qike 七可")
        .anchor(Align2::LEFT_TOP, [10.0, 10.0])
        .resizable(false)
        .default_width(216.0)
        .show(&ctx, |ui| {
            ui.set_width(216.0);
            search_box(ui, &city, &mut viewer, &mut state);
            ui.separator();
            views(ui, &city, &mut viewer, &mut state);
            ui.separator();
            egui::CollapsingHeader::new(viewer.text("panel.layers").to_owned()).default_open(true).show(ui, |ui| layers(ui, &mut viewer));
            ui.separator();
            ui.horizontal(|ui| {
                for (language, name) in [(Language::En, "English"), (Language::Zh, "中文")] {
                    ui.selectable_value(&mut viewer.language, language, name);
                }
            });
        });
    if let Some(ix) = state.picked {
        let mut open = true;
        egui::Window::new(viewer.text("panel.object").to_owned())
            .anchor(Align2::RIGHT_TOP, [-10.0, 10.0])
            .resizable(false)
            .open(&mut open)
            .show(&ctx, |ui| {
                ui.set_width(280.0);
                object(ui, &city, &mut viewer, &mut state, ix);
            });
        if !open {
            state.choose(&mut viewer, None);
        }
    }
    Ok(())
}

fn search_box(ui: &mut egui::Ui, city: &City, viewer: &mut Viewer, state: &mut PanelState) {
    let hint = viewer.text("panel.search").to_owned();
    let field = ui.add(egui::TextEdit::singleline(&mut state.query).hint_text(hint).desired_width(f32::INFINITY));
    if field.changed() {
        state.found = search(&city.snapshot, &state.query, 40);
    }
    if state.query.trim().is_empty() {
        return;
    }
    if state.found.is_empty() {
        ui.label(viewer.text("panel.nothing"));
        return;
    }
    let mut chosen = None;
    ScrollArea::vertical().max_height(180.0).id_salt("found").show(ui, |ui| {
        for ix in &state.found {
            let object = city.snapshot.get(*ix);
            let title = object.name.clone().unwrap_or_else(|| object.id.to_string());
            if ui.selectable_label(state.picked == Some(*ix), format!("{title} · {}", object.class)).clicked() {
                chosen = Some(*ix);
            }
        }
    });
    if let Some(ix) = chosen {
        state.choose(viewer, Some(ix));
        if let Some(view) = fly_to(city, ix, &viewer.view) {
            viewer.view = view;
        }
    }
}

fn views(ui: &mut egui::Ui, city: &City, viewer: &mut Viewer, state: &mut PanelState) {
    let named = |name: &'static str| Some((name, cameras::view(city, &CameraChoice::Named(name.into()))?));
    let views = state.views.get_or_insert_with(|| NAMES.into_iter().filter_map(named).collect());
    ui.horizontal_wrapped(|ui| {
        for (name, view) in views {
            if ui.small_button(viewer.text(&format!("camera.{name}"))).clicked() {
                viewer.view = *view;
            }
        }
    });
    let label = viewer.text("panel.underground").to_owned();
    ui.checkbox(&mut viewer.underground, label);
    if viewer.storeys.is_empty() {
        return;
    }
    let top = viewer.storeys.len();
    let mut level = viewer.storey.unwrap_or(top);
    ui.label(viewer.text("panel.storey").to_owned());
    ui.add(egui::Slider::new(&mut level, 0..=top).show_value(false));
    let all = viewer.text("panel.all_storeys").to_owned();
    ui.label(RichText::new(viewer.storeys.get(level).map_or(all, |storey| storey.name.clone())).strong());
    viewer.storey = (level < top).then_some(level);
}

fn layers(ui: &mut egui::Ui, viewer: &mut Viewer) {
    for layer in Layer::ALL {
        let label = viewer.text(&format!("layer.{}", layer.name())).to_owned();
        ui.checkbox(&mut viewer.layers[layer as usize], label);
    }
}

fn object(ui: &mut egui::Ui, city: &City, viewer: &mut Viewer, state: &mut PanelState, ix: ObjectIx) {
    let object = city.snapshot.get(ix);
    if let Some(name) = &object.name {
        ui.label(RichText::new(name).strong().size(16.0));
    }
    ui.label(RichText::new(object.id.as_str()).monospace().weak());
    ui.horizontal(|ui| {
        ui.label(format!("{} · LOD {}", object.class, object.geometries.iter().map(|g| g.lod.to_string()).collect::<Vec<_>>().join(", ")));
        if ui.small_button(viewer.text("panel.fly")).clicked()
            && let Some(view) = fly_to(city, ix, &viewer.view)
        {
            viewer.view = view;
        }
    });
    if let Some(parent) = city.snapshot.parent(ix) {
        let whole = city.snapshot.get(parent);
        let title = whole.name.clone().unwrap_or_else(|| whole.id.to_string());
        if ui.link(format!("{} {title}", viewer.text("panel.part_of"))).clicked() {
            state.choose(viewer, Some(parent));
        }
    }
    let mut series = city.snapshot.series().iter().filter(|series| series.object == object.id).peekable();
    if series.peek().is_some() {
        egui_plot::Plot::new("series").height(120.0).allow_scroll(false).show(ui, |plot| {
            for one in series {
                let values = one.times.iter().zip(&one.values).filter(|(_, v)| v.is_finite());
                let points: egui_plot::PlotPoints<'_> = values.map(|(t, v)| [t.as_s() / 3600.0, *v]).collect();
                plot.line(egui_plot::Line::new(format!("{} ({})", one.quantity, one.unit), points));
            }
        });
    }
    ui.separator();
    ScrollArea::vertical().max_height(420.0).id_salt("attributes").show(ui, |ui| {
        egui::Grid::new("attributes").num_columns(2).striped(true).min_col_width(90.0).show(ui, |ui| {
            for (key, value) in &object.attributes {
                row(ui, key, value);
            }
        });
    });
}

fn row(ui: &mut egui::Ui, key: &str, value: &Value) {
    if let Value::Object(inner) = value {
        ui.label(RichText::new(key).strong());
        ui.end_row();
        for (key, value) in inner {
            row(ui, &format!("  {key}"), value);
        }
        return;
    }
    ui.label(key);
    let text = match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    ui.add(egui::Label::new(text).wrap());
    ui.end_row();
}
