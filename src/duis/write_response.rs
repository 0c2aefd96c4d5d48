//! Writes a response, element by element in the schema's order.

use super::{
    Ask, Covered, RegionResponse, Response, SchemaVersion,
    envelope::{NAMESPACE, SERVICE_REFERENCE},
};

pub(super) fn write(response: &Response) -> String {
    let mut document = Document::begin("Response", response.version);
    document.element("Header", |header| {
        header.leaf("RequestID", response.request_id.as_str());
        header.leaf("ResponseCode", response.code.as_str());
        header.leaf("ResponseDateTime", &response.at.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string());
    });
    document.element("Body", |body| {
        body.element("ResponseMessage", |message| {
            message.leaf("ServiceReference", SERVICE_REFERENCE);
            message.leaf("ServiceReferenceVariant", SERVICE_REFERENCE);
            if let Some(matrix) = &response.matrix {
                message.element("DSPWANMatrix", |within| {
                    within.element("Request", |echo| ask(&matrix.ask, echo));
                    for answer in &matrix.regions {
                        within.element("DSPWANMatrixResponse", |said| region(answer, said));
                    }
                });
            }
        });
    });
    document.finish("Response")
}

fn ask(ask: &Ask, to: &mut Document) {
    match ask {
        Ask::Uprn(uprn) => to.leaf("UPRN", &uprn.to_string()),
        Ask::PartialAddress(address) => to.element("PartialAddress", |within| {
            within.leaf("PostCode", address.post_code());
            within.leaf("AddressIdentifier", address.address_identifier());
        }),
    }
}

fn region(answer: &RegionResponse, to: &mut Document) {
    to.leaf("CSPRegion", answer.region.name());
    to.leaf("CSPRegionResponseCode", answer.code.as_str());
    let Some(Covered { available, date, technology, likelihood, auxiliary_equipment, additional_information }) =
        &answer.covered
    else {
        return;
    };
    to.leaf("CoverageAvailability", if *available { "true" } else { "false" });
    to.leaf("AnticipatedCoverageDate", &date.to_string());
    to.leaf("WANTechnology", technology.as_str());
    to.leaf("ConnectivityLikelihood", likelihood.name());
    for (name, text) in [
        ("AuxiliaryEquipmentRequired", auxiliary_equipment.as_str()),
        ("AdditionalInformation", additional_information.as_str()),
    ] {
        if !text.is_empty() {
            to.leaf(name, text);
        }
    }
}

/// An XML document as it grows.
struct Document {
    text: String,
    depth: usize,
}

impl Document {
    fn begin(root: &str, version: SchemaVersion) -> Self {
        let mut text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".to_owned();
        text += &format!("<sr:{root} xmlns:sr=\"{NAMESPACE}\" schemaVersion=\"{version}\">\n");
        Self { text, depth: 1 }
    }

    fn finish(mut self, root: &str) -> String {
        self.depth = 0;
        self.tag("</sr:", root);
        self.text
    }

    fn element(&mut self, name: &str, content: impl FnOnce(&mut Self)) {
        self.tag("<sr:", name);
        self.depth += 1;
        content(self);
        self.depth -= 1;
        self.tag("</sr:", name);
    }

    fn leaf(&mut self, name: &str, text: &str) {
        self.indent();
        self.text.extend(["<sr:", name, ">"]);
        for c in text.chars() {
            match c {
                '&' => self.text.push_str("&amp;"),
                '<' => self.text.push_str("&lt;"),
                '>' => self.text.push_str("&gt;"),
                // As itself it would be read as a line feed.
                '\r' => self.text.push_str("&#13;"),
                _ => self.text.push(c),
            }
        }
        self.text.extend(["</sr:", name, ">\n"]);
    }

    fn tag(&mut self, begins: &str, name: &str) {
        self.indent();
        self.text.extend([begins, name, ">\n"]);
    }

    fn indent(&mut self) {
        for _ in 0..self.depth {
            self.text.push_str("  ");
        }
    }
}
