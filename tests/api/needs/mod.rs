//! Households and their assessments, registers, hardship lists, hardship items.

mod assessments;
mod hardship_items;
mod hardship_lists;
mod household_consents;
mod households;
mod pledges;
mod readers;
mod registers;
