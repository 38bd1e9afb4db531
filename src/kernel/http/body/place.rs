//! Places of values in a body.

/// The path to a value as a list of references. It is formatted as a JSON pointer only for an error:
/// pointers for each of 70,000 values below a long name took 20 GB.
#[derive(Clone, Copy)]
pub struct Place<'a> {
    parent: Option<&'a Place<'a>>,
    segment: Segment<'a>,
}

#[derive(Clone, Copy)]
enum Segment<'a> {
    Root,
    Name(&'a str),
    Index(usize),
}

impl<'a> Place<'a> {
    pub const ROOT: Place<'static> = Place { parent: None, segment: Segment::Root };

    /// The place of a field.
    pub fn field(&'a self, name: &'a str) -> Self {
        Self { parent: Some(self), segment: Segment::Name(name) }
    }

    /// The place of an item.
    pub fn item(&'a self, index: usize) -> Self {
        Self { parent: Some(self), segment: Segment::Index(index) }
    }

    pub fn pointer(&self) -> String {
        let above = self.parent.map(Place::pointer).unwrap_or_default();
        match self.segment {
            Segment::Root => "#".to_owned(),
            Segment::Name(name) => format!("{above}/{}", escape(name)),
            Segment::Index(index) => format!("{above}/{index}"),
        }
    }
}

/// Escapes a segment of a JSON pointer (RFC 6901).
fn escape(segment: &str) -> String {
    segment.replace('~', "~0").replace('/', "~1")
}
