//! Addresses as OASIS xAL 3.0, from whatever form a source has them in. The source's own form stays an attribute.

use super::xml::{Xml, is_clean};
use qike_scene::{Attributes, Value};

/// Addresses nested deeper than this are not looked into.
const MAX_DEPTH: usize = 12;

#[derive(Default)]
struct Address<'a> {
    country: Option<&'a str>,
    locality: Option<&'a str>,
    street: Option<&'a str>,
    number: Option<&'a str>,
    code: Option<&'a str>,
    free: Vec<&'a str>,
}

/// Writes the addresses of an object as properties of that name; false where no part of one is understood.
pub fn write(xml: &mut Xml, name: &str, attributes: &Attributes) -> bool {
    let list = match attributes.get("address") {
        Some(Value::Array(list)) => list.as_slice(),
        Some(one) => std::slice::from_ref(one),
        None => return false,
    };
    let mut any = false;
    for value in list {
        let mut address = Address::default();
        collect(value, "", &mut address, 0);
        any |= put(xml, name, &address);
    }
    any
}

/// Walks down to texts; the names above a text say what it is (xAL 2 and 3, CityJSON's keys).
fn collect<'a>(value: &'a Value, within: &str, out: &mut Address<'a>, depth: usize) {
    match value {
        Value::Object(map) if depth < MAX_DEPTH => {
            for (key, inner) in map.iter().filter(|(key, _)| !key.starts_with('@') || key.as_str() == "@content") {
                let known = part(key);
                collect(inner, if known.is_empty() { within } else { known }, out, depth + 1);
            }
        }
        Value::Array(list) if depth < MAX_DEPTH => list.iter().for_each(|inner| collect(inner, within, out, depth + 1)),
        Value::String(text) if !text.is_empty() && is_clean(text) => {
            let place = match within {
                "country" => &mut out.country,
                "locality" => &mut out.locality,
                "street" => &mut out.street,
                "number" => &mut out.number,
                "code" => &mut out.code,
                _ => return out.free.push(text),
            };
            place.get_or_insert(text);
        }
        _ => {}
    }
}

fn part(key: &str) -> &'static str {
    match key {
        "Country" | "CountryName" | "CountryCode" | "country" => "country",
        "Locality" | "LocalityName" | "city" | "locality" => "locality",
        "Thoroughfare" | "ThoroughfareName" | "street" | "thoroughfare" => "street",
        "ThoroughfareNumber" | "Number" | "number" | "housenumber" | "thoroughfareNumber" => "number",
        "PostalCode" | "PostalCodeNumber" | "PostCode" | "postcode" | "postalCode" | "Identifier" => "code",
        _ => "",
    }
}

fn put(xml: &mut Xml, name: &str, address: &Address) -> bool {
    let parts = [address.country, address.locality, address.street, address.number, address.code];
    if parts.iter().all(Option::is_none) && address.free.is_empty() {
        return false;
    }
    xml.open(name, &[]);
    xml.open("core:Address", &[]);
    xml.open("core:xalAddress", &[]);
    xml.open("xAL:Address", &[]);
    if parts.iter().all(Option::is_none) {
        xml.open("xAL:FreeTextAddress", &[]);
        address.free.iter().for_each(|line| xml.leaf("xAL:AddressLine", &[], line));
        xml.close("xAL:FreeTextAddress");
    }
    for (element, text) in [("xAL:Country", address.country), ("xAL:Locality", address.locality)] {
        if let Some(text) = text {
            xml.open(element, &[]);
            xml.leaf("xAL:NameElement", &[], text);
            xml.close(element);
        }
    }
    if address.street.is_some() || address.number.is_some() {
        xml.open("xAL:Thoroughfare", &[]);
        for (element, text) in [("xAL:NameElement", address.street), ("xAL:Number", address.number)] {
            if let Some(text) = text {
                xml.leaf(element, &[], text);
            }
        }
        xml.close("xAL:Thoroughfare");
    }
    if let Some(code) = address.code {
        xml.open("xAL:PostCode", &[]);
        xml.leaf("xAL:Identifier", &[], code);
        xml.close("xAL:PostCode");
    }
    xml.close("xAL:Address");
    xml.close("core:xalAddress");
    xml.close("core:Address");
    xml.close(name);
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_old_and_new_forms() {
        for form in [
            r#"{"address":{"CountryName":"France","LocalityName":"Lyon","ThoroughfareName":"Place","ThoroughfareNumber":"1"}}"#,
            r#"{"address":{"xalAddress":{"AddressDetails":{"Country":{"CountryName":"France","Locality":{"@Type":"City","LocalityName":"Lyon",
               "Thoroughfare":{"ThoroughfareNumber":"1","ThoroughfareName":"Place"}}}}}}}"#,
            r#"{"address":[{"xalAddress":{"Address":{"Country":{"NameElement":"France"},"Locality":{"NameElement":"Lyon"},
               "Thoroughfare":{"NameElement":"Place","Number":"1"}}}}]}"#,
        ] {
            let attributes: Attributes = serde_json::from_str(form).unwrap();
            let mut xml = Xml::default();
            assert!(write(&mut xml, "bldg:address", &attributes));
            for text in ["<xAL:NameElement>France<", "<xAL:NameElement>Lyon<", "<xAL:NameElement>Place<", "<xAL:Number>1<"] {
                assert!(xml.text().contains(text), "{text} is not in {}", xml.text());
            }
        }
        let free: Attributes = serde_json::from_str(r#"{"address":{"xalAddress":{"Address":{"FreeTextAddress":{"AddressLine":"1 Place"}}}}}"#).unwrap();
        let mut xml = Xml::default();
        assert!(write(&mut xml, "bldg:address", &free) && xml.text().contains("<xAL:AddressLine>1 Place<"));
        assert!(!write(&mut xml, "bldg:address", &Attributes::new()));
    }
}
