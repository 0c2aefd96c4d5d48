//! W3C Trace Context: the `traceparent` header, which says whose trace a call belongs to.

use http::HeaderValue;

/// A header that was understood.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct TraceParent<'a> {
    /// 32 hex digits.
    pub(super) trace_id: &'a str,
    /// 16 hex digits.
    pub(super) parent_id: &'a str,
    /// Its caller records the trace.
    pub(super) sampled: bool,
}

impl<'a> TraceParent<'a> {
    /// `version-trace-parent-flags`. One that is malformed is as good as none, as the specification asks; later versions may
    /// add to the end.
    pub(super) fn parse(header: &'a HeaderValue) -> Option<Self> {
        let text = header.to_str().ok()?;
        let mut parts = text.split('-');
        let (version, trace_id, parent_id, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let sound = |part: &str, length| {
            part.len() == length && part.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
        };
        let zero = |part: &str| part.bytes().all(|byte| byte == b'0');
        let understood = sound(version, 2)
            && version != "ff"
            && (version != "00" || parts.next().is_none())
            && sound(trace_id, 32)
            && !zero(trace_id)
            && sound(parent_id, 16)
            && !zero(parent_id)
            && sound(flags, 2);
        let sampled = u8::from_str_radix(flags, 16).is_ok_and(|flags| flags & 1 == 1);
        understood.then_some(Self { trace_id, parent_id, sampled })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_specification_allows_is_taken() {
        const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
        for (header, taken) in [
            (format!("00-{TRACE}-b7ad6b7169203331-01"), true),
            (format!("00-{TRACE}-b7ad6b7169203331-00"), true),
            (format!("cc-{TRACE}-b7ad6b7169203331-01-more"), true),
            (format!("00-{TRACE}-b7ad6b7169203331-01-more"), false),
            (format!("ff-{TRACE}-b7ad6b7169203331-01"), false),
            (format!("00-{TRACE}-b7ad6b7169203331"), false),
            (format!("00-{TRACE}-0000000000000000-01"), false),
            (format!("00-{}-b7ad6b7169203331-01", "0".repeat(32)), false),
            (format!("00-{}-b7ad6b7169203331-01", TRACE.to_uppercase()), false),
            (format!("00-{}-b7ad6b7169203331-01", &TRACE[1..]), false),
            (String::new(), false),
        ] {
            let value = HeaderValue::from_str(&header).unwrap();
            let parsed = TraceParent::parse(&value);
            assert_eq!(parsed.map(|parsed| parsed.trace_id), taken.then_some(TRACE), "{header}");
            assert_eq!(parsed.is_some_and(|parsed| parsed.sampled), taken && header.contains("-01"), "{header}");
        }
    }
}
