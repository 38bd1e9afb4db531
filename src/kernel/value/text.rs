//! Normalises text for comparison without case, diacritics and punctuation.

use unicode_normalization::UnicodeNormalization;

/// Latin letters with a stroke or a hook, which have no decomposition, and their base letters.
const STROKED: &str = "ðøđħłŧƀƃƈƌƒƙƚƥƫƭƴƶǥȡȥȴȵȶȼȿɀɇɉɋɍɏɓɕɖɗɠɦɨɭɱɲɳɽɾʂʈʋʐʑʝʠᵽⱡⱥⱦⱱⱳⱴꝁꝃꝅꝉꝋꝑꝕꝗꝙꝟꞎꞓꞔꞕꞙꞡꞣꞥꞧꞩꞹꟈꟊ";
const BASES: &str = "dodhltbbcdfklpttyzgdzlntcszejqrybcddghilmnnrrstvzzjqplatvwvkkkloppqqvlcchfgknrsuds";

/// Removes case, diacritics, strokes, hooks and punctuation, like `app_fold` in the database: Kông Chro becomes
/// `kong chro`, Ƀok becomes `bok`.
pub fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for c in text.to_lowercase().nfd().filter(|c| !matches!(c, '\u{0300}'..='\u{036F}')) {
        match c {
            'a'..='z' | '0'..='9' => folded.push(c),
            _ if !c.is_ascii() && c.is_alphabetic() => {
                match STROKED.chars().zip(BASES.chars()).find(|(from, _)| *from == c) {
                    Some((_, base)) => folded.push(base),
                    None if folded.is_empty() || folded.ends_with(' ') => {}
                    None => folded.push(' '),
                }
            }
            _ if folded.is_empty() || folded.ends_with(' ') => {}
            _ => folded.push(' '),
        }
    }
    folded.truncate(folded.trim_end().len());
    folded
}

/// The same without spaces: Gia-rai, Gia Rai and Giarai are equal.
pub fn squeeze(text: &str) -> String {
    fold(text).replace(' ', "")
}

/// Normalises case, white space and the position of the tone mark (hoà, hòa) of a name; diacritics are kept:
/// Đức Hưng is not Đức Hùng.
pub fn plain(name: &str) -> String {
    let is_tone = |c: &char| matches!(c, '\u{0300}' | '\u{0301}' | '\u{0303}' | '\u{0309}' | '\u{0323}');
    let word = |word: &str| -> String {
        let (tones, letters): (Vec<char>, Vec<char>) = word.to_lowercase().nfd().partition(is_tone);
        letters.into_iter().chain(tones).collect()
    };
    name.split_whitespace().map(word).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_diacritics_and_punctuation_are_folded_away() {
        assert_eq!(fold("  Kông  Chro! "), "kong chro");
        assert_eq!(fold("ĐẮK LẮK"), "dak lak");
        assert_eq!(fold("Rơ Mah H'Blơi"), "ro mah h bloi");
        assert_eq!(fold("Ƀok Đinh Ɗam Ŧar"), "bok dinh dam tar");
        assert_eq!(squeeze("Gia-rai"), squeeze("GIA RAI"));
        assert_eq!(fold("…"), "");
    }

    #[test]
    fn names_are_the_same_in_capitals_and_with_the_tone_on_either_vowel() {
        assert_eq!(plain("HOÀ  BÌNH"), plain("Hòa Bình"));
        assert_eq!(plain("Thuý Quỳnh"), plain("thúy quỳnh"));
        assert_ne!(plain("Đức Hưng"), plain("Đức Hùng"));
        assert_ne!(plain("Duc Hung"), plain("Đức Hưng"));
    }
}
