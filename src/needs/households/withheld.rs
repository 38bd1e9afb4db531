//! The sensitive fields of households, their assessments and listed items (Decree 356/2025/NĐ-CP Art. 4): ethnic group, health, and the
//! position. Notes are free text, which may state them.

use uuid::Uuid;

use super::history::HouseholdHistoryEntry;
use super::model::{HardshipReason, Household};
use super::poverty::{Indicator, PovertyCause};
use crate::kernel::http::answer::{Sensitive, Shown};

/// Replaces words that state facts about health by a general one, once.
pub fn generalise<T: Copy + PartialEq>(words: &mut Vec<T>, sensitive: &[T], general: T) {
    let mut kept: Vec<T> = Vec::new();
    for word in words.iter().map(|word| if sensitive.contains(word) { general } else { *word }) {
        if !kept.contains(&word) {
            kept.push(word);
        }
    }
    *words = kept;
}

pub fn generalise_reasons(reasons: &mut Vec<HardshipReason>) {
    generalise(reasons, &[HardshipReason::Disabled, HardshipReason::SeriousIllness], HardshipReason::Other);
}

pub fn generalise_causes(causes: &mut Vec<PovertyCause>) {
    generalise(causes, &[PovertyCause::Illness], PovertyCause::Other);
}

/// Leaves out nutrition and health insurance, indicators of `nd07_2021`.
pub fn drop_health(deprivations: &mut Vec<Indicator>) {
    deprivations.retain(|indicator| !matches!(indicator.as_str(), "I03" | "I04"));
}

/// The names of withheld fields, in the form of the field `withheld`.
pub fn names(fields: &[&str]) -> Vec<String> {
    fields.iter().map(|field| (*field).to_owned()).collect()
}

impl Sensitive for Household {
    fn subject(&self) -> Uuid {
        self.id.into()
    }

    fn withhold(&mut self) {
        (self.ethnic_group, self.note, self.latitude, self.longitude) = (None, None, None, None);
        generalise_reasons(&mut self.hardship_reasons);
        generalise_causes(&mut self.poverty.poverty_causes);
        drop_health(&mut self.poverty.deprivations);
        for member in &mut self.members {
            member.ethnic_group = None;
        }
        self.withheld = names(&[
            "ethnic_group",
            "deprivations",
            "poverty_causes",
            "hardship_reasons",
            "latitude",
            "longitude",
            "note",
        ]);
    }
}

impl Shown for Household {
    fn sensitive(&mut self) -> Vec<&mut dyn Sensitive> {
        vec![self]
    }
}

impl Sensitive for HouseholdHistoryEntry {
    fn subject(&self) -> Uuid {
        self.household_id.into()
    }

    fn withhold(&mut self) {
        generalise_causes(&mut self.poverty_causes);
        drop_health(&mut self.deprivations);
    }
}

impl Shown for HouseholdHistoryEntry {
    fn sensitive(&mut self) -> Vec<&mut dyn Sensitive> {
        vec![self]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_about_health_become_one_general_word_in_their_place() {
        use HardshipReason::{Disabled, ElderlyAlone, Other, SeriousIllness};
        let general = |words: &[HardshipReason]| {
            let mut words = words.to_vec();
            generalise_reasons(&mut words);
            words
        };
        assert_eq!(general(&[Disabled, ElderlyAlone]), [Other, ElderlyAlone]);
        assert_eq!(general(&[ElderlyAlone, SeriousIllness, Disabled, Other]), [ElderlyAlone, Other]);
        assert_eq!(general(&[ElderlyAlone]), [ElderlyAlone]);
    }
}
