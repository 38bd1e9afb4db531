//! The language of messages: Vietnamese by default, English by Accept-Language.

use actix_web::http::header::{ACCEPT_LANGUAGE, HeaderMap};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Locale {
    Vi,
    En,
}

impl Locale {
    /// The language with the higher q-value; Vietnamese on a tie and by default.
    pub fn of(headers: &HeaderMap) -> Self {
        let mut vi = 0.0_f32;
        let mut en = 0.0_f32;
        let listed = headers.get_all(ACCEPT_LANGUAGE).filter_map(|value| value.to_str().ok());
        for range in listed.flat_map(|value| value.split(',')) {
            let mut parts = range.split(';');
            let tag = parts.next().unwrap_or_default().trim().to_ascii_lowercase();
            let weight = parts
                .find_map(|parameter| parameter.trim().strip_prefix("q=").map(str::parse))
                .map_or(1.0, |q| q.unwrap_or(0.0_f32));
            match tag.split('-').next().unwrap_or_default() {
                "vi" => vi = vi.max(weight),
                "en" => en = en.max(weight),
                _ => {}
            }
        }
        if en > vi { Self::En } else { Self::Vi }
    }

    pub fn tag(self) -> &'static str {
        match self {
            Self::Vi => "vi",
            Self::En => "en",
        }
    }

    /// Returns the text in this language.
    pub fn pick<'a>(self, vi: &'a str, en: &'a str) -> &'a str {
        match self {
            Self::Vi => vi,
            Self::En => en,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::HeaderValue;

    fn of(value: &str) -> Locale {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT_LANGUAGE, HeaderValue::from_str(value).unwrap());
        Locale::of(&headers)
    }

    #[test]
    fn vietnamese_unless_english_is_preferred() {
        for vietnamese in ["vi", "en;q=0.5, vi", "fr", "*", ";;;", "en;q=abc", ""] {
            assert_eq!(of(vietnamese), Locale::Vi, "{vietnamese}");
        }
        for english in ["en", "en-US,en;q=0.9", "fr, en;q=0.1", "vi;q=0.4, en"] {
            assert_eq!(of(english), Locale::En, "{english}");
        }
        assert_eq!(Locale::of(&HeaderMap::new()), Locale::Vi);
    }
}
