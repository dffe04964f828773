//! Signal plans.

use super::Names;
use super::super::xml::Line;
use qike_scene::traffic::{SignalLight, SignalPlan, SwitchRule};
use std::io::{self, Write};

/// Writes a plan.
pub fn plan(line: &mut Line, names: &Names, plan: &SignalPlan, out: &mut dyn Write) -> io::Result<()> {
    let (kind, parameters): (&str, Vec<(&str, f64)>) = match plan.rule {
        SwitchRule::Static | SwitchRule::Off => ("static", Vec::new()),
        SwitchRule::Actuated { max_gap_s, detector_gap_s, passing_time_s } => ("actuated", vec![("max-gap", max_gap_s), ("detector-gap", detector_gap_s), ("passing-time", passing_time_s)]),
        SwitchRule::DelayBased { range_m, min_loss_s } => ("delay_based", vec![("detectorRange", range_m), ("minTimeLoss", min_loss_s)]),
    };
    let head = line.element(1, "tlLogic").text("id", names.plan(&plan.light)).text("type", kind).text("programID", &plan.program);
    head.time("offset", plan.offset_ms).open(out)?;
    for (key, value) in parameters {
        line.element(2, "param").text("key", key).text("value", &value.to_string()).close(out)?;
    }
    for phase in &plan.phases {
        let row = line.element(2, "phase").time("duration", phase.duration_ms);
        if let Some((least, most)) = phase.bounds_ms {
            row.time("minDur", least).time("maxDur", most);
        }
        row.text("state", &phase.lights.iter().map(|l| letter(*l)).collect::<String>());
        if !phase.next.is_empty() {
            row.text("next", &phase.next.iter().map(u32::to_string).collect::<Vec<_>>().join(" "));
        }
        row.close(out)?;
    }
    out.write_all(b"    </tlLogic>\n")
}

fn letter(light: SignalLight) -> char {
    match light {
        SignalLight::Red => 'r',
        SignalLight::RedYellow => 'u',
        SignalLight::YellowMajor => 'Y',
        SignalLight::YellowMinor => 'y',
        SignalLight::GreenMajor => 'G',
        SignalLight::GreenMinor => 'g',
        SignalLight::StopThenGo => 's',
        SignalLight::OffBlinking => 'o',
        SignalLight::Off => 'O',
    }
}
