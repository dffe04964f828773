//! From when until when a feature holds: plans come into force, roads are opened, flood zones are redrawn.

use crate::formats::table::series::iso_ms;
use qike_core::calendar::date_text;
use qike_scene::{Attributes, Value};

const DAY_MS: i64 = 86_400_000;

/// Fields of the first day.
const FROM: &[&str] = &[
    "valid_from", "validfrom", "valid_since", "start_date", "startdate", "begin_date", "begindate", "effective_from", "effective_date", "effectivedate",
    "date_from", "from_date", "生效日期", "生效时间", "起始日期", "开始日期", "有效期起", "启用日期", "实施日期", "批准日期", "批复日期",
];
/// Fields of the first day it no longer holds.
const TO: &[&str] = &["valid_to", "validto", "end_date", "enddate", "date_to", "to_date", "expiry_date", "失效日期", "终止日期", "结束日期", "废止日期", "失效时间"];
/// Fields of the last day it holds; the day after is the first it does not.
const THROUGH: &[&str] = &["valid_through", "valid_until", "validuntil", "有效期至", "有效期止"];

/// What the attributes say of a feature's time.
#[derive(Debug, Default, PartialEq)]
pub struct Validity {
    /// First day, `YYYY-MM-DD`.
    pub from: Option<String>,
    /// First day no longer.
    pub to: Option<String>,
    /// A field that is there but holds no date: its name and value.
    pub bad: Option<(String, String)>,
}

/// Finds the dates among the attributes; names are compared without case, empty values say nothing.
pub fn validity(attributes: &Attributes) -> Validity {
    let mut found = Validity::default();
    for (key, value) in attributes {
        let name = key.trim().to_lowercase();
        let (slot, later) = match name.as_str() {
            n if FROM.contains(&n) => (&mut found.from, 0),
            n if TO.contains(&n) => (&mut found.to, 0),
            n if THROUGH.contains(&n) => (&mut found.to, 1),
            _ => continue,
        };
        match day_number(value) {
            Some(day) if slot.is_none() => *slot = Some(date_text(day + later)),
            Some(_) => {}
            None if is_empty(value) => {}
            None => found.bad = found.bad.or_else(|| Some((key.clone(), value.to_string()))),
        }
    }
    found
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => matches!(text.trim(), "" | "-" | "/" | "无" | "null" | "NULL" | "永久" | "长期"),
        _ => false,
    }
}

/// A date as `YYYY-MM-DD`; `None` where the value is no date.
pub fn day(value: &Value) -> Option<String> {
    day_number(value).map(date_text)
}

/// Days since 1970: `2024-05-01`, `2024/5/1 08:00`, `20240501`, `2024年5月1日`, a year alone, or milliseconds (as ArcGIS has them).
fn day_number(value: &Value) -> Option<i64> {
    let text = match value {
        Value::Number(n) => {
            let n = n.as_f64().filter(|n| n.abs() < 1e15)?;
            if n.abs() >= 1e10 {
                return Some((n as i64).div_euclid(DAY_MS));
            }
            (n as i64).to_string()
        }
        Value::String(text) => text.trim().to_owned(),
        _ => return None,
    };
    let iso = |text: &str| iso_ms(text).map(|ms| ms.div_euclid(DAY_MS));
    if text.bytes().all(|b| b.is_ascii_digit()) {
        return match text.len() {
            4 => iso(&format!("{text}-01-01")),
            8 => iso(&format!("{}-{}-{}", &text[..4], &text[4..6], &text[6..])),
            12.. => text.parse::<i64>().ok().filter(|ms| *ms < 10_000_000_000_000).map(|ms| ms.div_euclid(DAY_MS)),
            _ => None,
        };
    }
    if let Some((year, rest)) = text.split_once('年') {
        let (month, rest) = rest.split_once('月').unwrap_or(("1", ""));
        let day = rest.split_once('日').map_or(rest, |(day, _)| day);
        return iso(&format!("{}-{}-{}", year.trim(), month.trim(), if day.trim().is_empty() { "1" } else { day.trim() }));
    }
    match text.matches(['-', '/']).count() {
        1 => iso(&format!("{text}-01")),
        _ => iso(&text.replace('.', "-")).or_else(|| iso(&text)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn dates_as_people_write_them() {
        for value in [json!("2024-05-01"), json!("2024/5/1 08:30:00"), json!("20240501"), json!(20_240_501), json!("2024年5月1日"), json!(1_714_521_600_000_i64), json!("2024-05"), json!("2024.05.01"), json!("2024-05-01T08:00:00.5+08:00")] {
            assert_eq!(day(&value).as_deref(), Some("2024-05-01"), "{value}");
        }
        assert_eq!(day(&json!("2024")).as_deref(), Some("2024-01-01"));
        for bad in [json!("soon"), json!("2024-13-01"), json!(""), json!(true), json!("2024年"), json!(5), json!("９")] {
            assert!(day(&bad).is_none_or(|d| d == "2024-01-01"), "{bad}");
        }
    }

    #[test]
    fn fields_in_two_languages() {
        let of = |v: Value| validity(v.as_object().unwrap());
        let plan = of(json!({ "Valid_From": "2020-01-01", "valid_to": "", "用途": "R2" }));
        assert_eq!((plan.from.as_deref(), plan.to, plan.bad), (Some("2020-01-01"), None, None));
        let line = of(json!({ "生效日期": "2020年1月1日", "有效期至": "2025-12-31" }));
        assert_eq!((line.from.as_deref(), line.to.as_deref()), (Some("2020-01-01"), Some("2026-01-01")));
        assert_eq!(of(json!({ "start_date": "when it is ready" })).bad, Some(("start_date".into(), "\"when it is ready\"".into())));
        assert_eq!(of(json!({ "open_dt": "2022-01-21" })), Validity::default());
    }
}
