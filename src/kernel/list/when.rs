//! Conditions of a list that apply only where the filter has a value.

use diesel::query_dsl::methods::FilterDsl;

/// For boxed queries.
pub trait When: Sized {
    /// Adds the condition where there is a value.
    fn when<T, P>(self, value: Option<T>, condition: impl FnOnce(T) -> P) -> Self
    where
        Self: FilterDsl<P, Output = Self>,
    {
        match value {
            Some(value) => self.filter(condition(value)),
            None => self,
        }
    }

    /// Adds the condition where there are values; a parameter that is not sent has none.
    fn when_any<'v, T, P>(self, values: &'v [T], condition: impl FnOnce(&'v [T]) -> P) -> Self
    where
        Self: FilterDsl<P, Output = Self>,
    {
        if values.is_empty() { self } else { self.filter(condition(values)) }
    }
}

impl<Q> When for Q {}
