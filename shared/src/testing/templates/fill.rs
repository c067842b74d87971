//! Texts with gaps, such as `<name>`, that are filled in: the parts of a template that are alike but for a few words.

/// Fills the gaps of a text in. A gap that has a line to itself takes a text of several lines, each as far in as the gap,
/// or goes, line and all, where the text is empty.
pub(super) fn fill(text: &str, gaps: &[(&str, &str)]) -> String {
    let mut filled = String::new();
    for line in text.lines() {
        let deep = line.len() - line.trim_start().len();
        let alone = gaps.iter().find(|(gap, _)| line.trim() == format!("<{gap}>"));
        if let Some((_, value)) = alone {
            filled.push_str(&indent(value, deep));
        } else {
            let fill = |line: String, (gap, value): &(&str, &str)| line.replace(&format!("<{gap}>"), value);
            filled.push_str(&gaps.iter().fold(line.to_owned(), fill));
            filled.push('\n');
        }
    }
    filled
}

/// Indents the lines of a text.
pub(super) fn indent(text: &str, by: usize) -> String {
    let far = |line: &str| if line.is_empty() { "\n".to_owned() } else { format!("{:by$}{line}\n", "") };
    text.lines().map(far).collect()
}

/// Puts each text on a line of its own.
pub(super) fn lines(texts: impl Iterator<Item = String>) -> String {
    texts.fold(String::new(), |all, text| all + &text + "\n")
}

/// Capitalizes a name, as the logical ids of the templates begin with it: `Trail` of `trail`.
pub(super) fn title(name: &str) -> String {
    let (first, rest) = name.split_at(1);
    first.to_uppercase() + rest
}

#[test]
fn gaps_take_words_and_whole_lines() {
    let text = "<Name>Role:\n  Policies:\n    <policies>\n    <none>\n";
    let filled = fill(text, &[("Name", "Trail"), ("policies", "- a\n- b\n"), ("none", "")]);
    assert_eq!(filled, "TrailRole:\n  Policies:\n    - a\n    - b\n");
}
