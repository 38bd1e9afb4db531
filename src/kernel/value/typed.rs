//! Makes a typed text the one that is kept, before its length, its hash and its search: one spelling of look-alike letters and
//! signs, one blank between words, no blank at an end. Bodies and imports have this in common. The rule of a field follows from its
//! name, because a body is hashed before its type is known.

use unicode_normalization::{UnicodeNormalization, is_nfc};
use uuid::Uuid;

use super::text::fold;
use crate::kernel::http::problem::FieldCode;

/// Texts with lines; in all others a line break is a blank.
const WITH_LINES: [&str; 5] = ["note", "findings", "description", "reason", "message"];

/// What becomes of a text.
#[derive(Debug, PartialEq)]
pub enum Typed {
    Kept(String),
    /// A word for "none", such as `không có`, as a phone or identity number.
    Nothing,
}

/// Returns the text to keep for a field of this name.
pub fn typed(field: &str, text: &str) -> Result<Typed, FieldCode> {
    let composed = if is_nfc(text) { text.to_owned() } else { text.nfc().collect() };
    // A password has the blanks that were typed, a token those that were answered.
    if field.ends_with("password") || field.ends_with("token") {
        return Ok(Typed::Kept(composed));
    }
    let is_name = matches!(field, "name" | "given_by") || field.ends_with("_name") && field != "device_name";
    if is_name && is_legacy(&composed) {
        return Err(FieldCode::LEGACY_ENCODING);
    }
    let one_spelling = |c: char| match c {
        'Ð' | 'Ɖ' => 'Đ',
        'ð' | 'ɖ' => 'đ',
        '’' | '‘' | 'ʼ' | '′' | '`' | '´' if is_name => '\'',
        _ => c,
    };
    let spelled: String = composed.chars().map(one_spelling).collect();
    let blanks = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    let kept = if WITH_LINES.contains(&field) {
        spelled.lines().map(blanks).collect::<Vec<_>>().join("\n").trim().to_owned()
    } else {
        blanks(&spelled)
    };
    if (field.ends_with("phone") || field.ends_with("identity_number")) && is_none(&kept) {
        return Ok(Typed::Nothing);
    }
    // Other spellings of a UUID are errors of their fields.
    let id = Some(&kept).filter(|kept| kept.len() == 36).and_then(|kept| Uuid::try_parse(kept).ok());
    Ok(Typed::Kept(id.map_or(kept, |id| id.to_string())))
}

/// Whether a phone or identity number says that there is none.
fn is_none(text: &str) -> bool {
    matches!(text, "-" | "–" | "—")
        || matches!(fold(text).as_str(), "khong" | "khong co" | "chua co" | "0" | "000000000000")
}

/// Whether a name was typed in TCVN3 or VNI, whose characters mean other letters: signs instead of letters, an accented capital after
/// a small letter, or an accented vowel that stands for the accent of the vowel before it.
pub fn is_legacy(name: &str) -> bool {
    let is_sign = |c: char| matches!(c, '\u{a1}'..='\u{ae}' | '\u{b5}'..='\u{be}');
    let is_accented_capital = |c: char| c.is_uppercase() && !c.is_ascii() && c != 'Đ' && c != 'Ð';
    // ë and ï stand after a vowel in French names, too (Raphaël, Isaïe): one pair of them is no evidence. aê is ă, which a consonant
    // follows, unlike in Laêê.
    let weight_of = |before: char, c: char, after: char| match before.to_ascii_lowercase() {
        'a' | 'e' if "ëï".contains(c) => 1,
        'a' if c == 'ê' => u32::from("cmnpt".contains(after.to_ascii_lowercase())) * 2,
        'a' | 'e' if "áàâãäåêèéùúûüøõç".contains(c) => 2,
        'o' if "ùúûüøïäåõ".contains(c) => 2,
        'u' if "øûïäåõ".contains(c) => 2,
        _ => 0,
    };
    let letters: Vec<char> = name.chars().collect();
    let (seconds, thirds) = (letters.iter().skip(1), letters.iter().skip(2).chain([&' ']));
    let triples = || letters.iter().zip(seconds.clone()).zip(thirds.clone());
    let weight: u32 =
        triples().map(|((before, c), after)| weight_of(*before, c.to_lowercase().next().unwrap_or(*c), *after)).sum();
    letters.iter().any(|c| is_sign(*c))
        || triples().any(|((before, c), _)| before.is_lowercase() && is_accented_capital(*c))
        || weight >= 2
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(field: &str, text: &str) -> String {
        match typed(field, text) {
            Ok(Typed::Kept(text)) => text,
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn blanks_look_alike_letters_and_capitals_of_ids_have_one_spelling() {
        assert_eq!(kept("head_name", "  Siu   Cách "), "Siu Cách");
        assert_eq!(kept("head_name", "Siu\nDòng"), "Siu Dòng");
        assert_eq!(kept("head_name", "\u{d0}inh H’Nuk"), "Đinh H'Nuk");
        assert_eq!(kept("address", "Nhà ‘cũ’"), "Nhà ‘cũ’");
        assert_eq!(kept("note", " một  dòng \r\n\r\n hai\t"), "một dòng\n\nhai");
        assert_eq!(kept("id", "0193A3F0-0000-7000-8000-00000000ABCD"), "0193a3f0-0000-7000-8000-00000000abcd");
        assert_eq!(kept("new_password", " a  b\u{302} "), " a  b\u{302} ".nfc().collect::<String>());
        assert_eq!(kept("device_name", "Galaxy Tab® A"), "Galaxy Tab® A");
    }

    #[test]
    fn a_word_for_none_is_no_number() {
        for text in ["-", "không", "Không có", "chưa có", "0", "000000000000"] {
            assert_eq!(typed("phone", text), Ok(Typed::Nothing), "{text}");
            assert_eq!(typed("identity_number", text), Ok(Typed::Nothing), "{text}");
        }
        assert_eq!(kept("phone", "０９０５"), "０９０５");
        assert_eq!(kept("phone", "0905 123 456"), "0905 123 456");
        assert_eq!(kept("note", "không có"), "không có");
    }

    #[test]
    fn names_of_old_encodings_are_refused() {
        for name in ["NguyÔn V¨n ¸i", "R¬ Mah H'Bl¬i", "Nguyeãn Vaên AÙi"] {
            assert_eq!(typed("head_name", name), Err(FieldCode::LEGACY_ENCODING), "{name}");
        }
        for name in [
            "Rơ Mah H'Blơi",
            "Đinh Yuih",
            "Hoà Bình",
            "Nguyễn Thị Xuân",
            "Ƀok Hril",
            "Quách Hoàng Loãng",
            "Kiều Oanh",
            "Raphaël",
            "Isaïe",
        ] {
            assert_eq!(kept("head_name", name), name);
        }
    }
}
