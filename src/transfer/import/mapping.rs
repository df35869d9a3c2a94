//! Which column of a file is which field: headers matched with the names a kind knows.

use super::kind::{Kind, header_code};
use super::report::{ColumnUse, Use};

/// Columns that a rejects file adds in front; importing the corrected file passes over them.
pub(super) const REJECT_COLUMNS: [&str; 3] = ["rejected_line", "rejected_row", "rejected_because"];

/// Where a field stands in the rows of a file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Place {
    /// Column from 0; [`Place::NONE`] has none and reads as an empty cell.
    pub index: usize,
    /// The header ended in `_minor`: amounts are minor units.
    pub minor: bool,
}

impl Place {
    /// The file has no such column.
    pub(super) const NONE: Place = Place { index: usize::MAX, minor: false };

    /// True when the file has the column.
    pub(super) fn there(self) -> bool {
        self != Place::NONE
    }
}

/// The columns of one file.
#[derive(Debug)]
pub(super) struct Mapping {
    fields: Vec<(&'static str, Place)>,
    /// Columns that are no field: index, folded header, header.
    pub others: Vec<(usize, String, String)>,
    headers: Vec<String>,
}

impl Mapping {
    /// Matches `headers` with the columns of `kind`. The first name of a field that the file has wins; a column is one field.
    pub(super) fn new(kind: Kind, headers: &[String]) -> Mapping {
        let codes: Vec<String> = headers.iter().map(|h| header_code(h)).collect();
        let mut taken = vec![false; headers.len()];
        let mut fields = Vec::new();
        for column in kind.columns() {
            let find = |name: &&str| {
                let plain = |h: &String| h == name;
                let minor = |h: &String| h.strip_suffix("_minor") == Some(*name);
                let free = |fits: &dyn Fn(&String) -> bool| (0..codes.len()).find(|i| !taken[*i] && fits(&codes[*i]));
                let at_minor = free(&minor).map(|index| Place { index, minor: true });
                at_minor.or_else(|| free(&plain).map(|index| Place { index, minor: false }))
            };
            if let Some(place) = column.names.iter().find_map(find) {
                taken[place.index] = true;
                fields.push((column.code, place));
            }
        }
        let free =
            codes.into_iter().enumerate().filter(|(i, code)| !taken[*i] && !code.is_empty() && !REJECT_COLUMNS.contains(&code.as_str()));
        let others = free.map(|(i, code)| (i, code, headers[i].clone())).collect();
        Mapping { fields, others, headers: headers.to_vec() }
    }

    /// Where a field stands.
    pub(super) fn place(&self, code: &str) -> Place {
        self.fields.iter().find(|(c, _)| *c == code).map_or(Place::NONE, |(_, p)| *p)
    }

    /// The header over a place, as the file spells it.
    pub(super) fn header(&self, place: Place) -> &str {
        self.headers.get(place.index).map_or("", String::as_str)
    }

    /// The required columns of `kind` that are missing, each with the names it may have.
    pub(super) fn missing(&self, kind: Kind) -> Vec<String> {
        let lacking = kind.columns().iter().filter(|c| c.required && !self.place(c.code).there());
        lacking.map(|c| format!("{} ({})", c.code, c.names[..c.names.len().min(4)].join(", "))).collect()
    }

    /// What the report says of each column, in the file's order.
    pub(super) fn uses(&self) -> Vec<ColumnUse> {
        let named = |i: usize| {
            let field = self.fields.iter().find(|(_, p)| p.index == i);
            field.map_or(Use::Ignored, |(code, p)| Use::Field { field: code, minor: p.minor })
        };
        self.headers.iter().enumerate().map(|(i, h)| ColumnUse { header: h.clone(), becomes: named(i) }).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mapping(kind: Kind, line: &str) -> Mapping {
        Mapping::new(kind, &line.split(',').map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn the_shape_of_a_crm_export_is_understood() {
        let m = mapping(Kind::Customers, "customer_id,name,segment,csm,created_on,website,phone,tags");
        assert_eq!(m.place("key").index, 0);
        assert_eq!(m.place("owner").index, 3);
        assert_eq!(m.others, vec![(2, "segment".to_owned(), "segment".to_owned())]);
        assert!(m.missing(Kind::Customers).is_empty());
    }

    #[test]
    fn a_minor_column_is_told_from_a_plain_one() {
        let orders = mapping(Kind::Orders, "Order ID,Customer,Date,amount_minor");
        assert_eq!(orders.place("amount"), Place { index: 3, minor: true });
        let plain = mapping(Kind::Customers, "Company,Owner,ARR");
        assert_eq!(plain.place("arr"), Place { index: 2, minor: false });
        assert_eq!(plain.place("key"), Place::NONE);
    }

    #[test]
    fn what_is_missing_is_named_with_its_spellings() {
        let m = mapping(Kind::Orders, "order_id,customer_id,amount");
        assert_eq!(m.missing(Kind::Orders), vec!["on (ordered_on, ordered_at, order_date, created_on)"]);
    }

    #[test]
    fn the_columns_of_a_rejects_file_are_passed_over() {
        let m = mapping(Kind::Customers, "rejected_line,rejected_row,rejected_because,customer_id,name");
        assert!(m.others.is_empty());
        assert_eq!(m.uses()[0].becomes, Use::Ignored);
    }
}
