//! Column names of subscriber files of other services that need no mapping.

/// Names of each supported column, without what [`normalize`] removes.
const NAMES: [(&str, &[&str]); 9] = [
    (
        "email",
        &[
            "email",
            "emails",
            "emailaddress",
            "emailaddr",
            "mail",
            "mailaddress",
            "emailadresse",
            "mailadresse",
            "adresseemail",
            "courriel",
            "correo",
            "correoelectronico",
            "correoelectrónico",
            "epost",
            "邮箱",
            "邮箱地址",
            "电子邮箱",
            "电子邮件",
            "电子邮件地址",
            "邮件",
            "邮件地址",
            "电邮",
            "電子郵件",
            "電子郵件地址",
            "電子信箱",
            "電郵",
            "電郵地址",
            "郵箱",
            "信箱",
        ],
    ),
    (
        "name",
        &["name", "fullname", "displayname", "subscribername", "姓名", "名字", "称呼", "稱呼"],
    ),
    (
        "language",
        &[
            "language",
            "lang",
            "locale",
            "preferredlanguage",
            "sprache",
            "langue",
            "idioma",
            "语言",
            "语种",
            "語言",
            "語種",
        ],
    ),
    ("timezone", &["timezone", "tz", "zeitzone", "时区", "時區"]),
    ("tags", &["tags", "tag", "labels", "schlagwörter", "标签", "標籤"]),
    ("sections", &["sections", "section", "栏目", "版块", "欄目", "版塊"]),
    (
        "first_name",
        &["firstname", "fname", "givenname", "forename", "vorname", "prénom", "prenom", "nombre"],
    ),
    (
        "last_name",
        &[
            "lastname",
            "lname",
            "surname",
            "familyname",
            "nachname",
            "nom",
            "apellido",
            "apellidos",
            "姓",
            "姓氏",
        ],
    ),
    ("status", &["status", "subscriptionstatus", "订阅状态", "訂閱狀態"]),
];

/// Returns a column name in lower case, without blanks, hyphens, underscores and other signs.
pub(super) fn normalize(header: &str) -> String {
    header.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// Returns the position of the column that a file has for a supported column; `None` if it has none.
///
/// # Errors
/// The names of several columns that may be meant.
pub(super) fn find(headers: &[&str], column: &str) -> Result<Option<usize>, Vec<String>> {
    let is_exact = |index: &usize| headers[*index].eq_ignore_ascii_case(column);
    let exact: Vec<usize> = (0..headers.len()).filter(is_exact).collect();
    match exact.as_slice() {
        [] => {}
        [only] => return Ok(Some(*only)),
        several => return Err(several.iter().map(|i| headers[*i].to_owned()).collect()),
    }
    let names = NAMES.iter().find(|(name, _)| *name == column).map_or(&[][..], |(_, names)| names);
    let is_named = |h: &str| {
        let header = normalize(h);
        names.contains(&header.as_str())
    };
    let found: Vec<usize> = (0..headers.len()).filter(|i| is_named(headers[*i])).collect();
    match found.as_slice() {
        [] => Ok(None),
        [only] => Ok(Some(*only)),
        several => Err(several.iter().map(|i| headers[*i].to_owned()).collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usual_column_names_are_recognized_whatever_their_case_and_signs() {
        for (column, headers) in [
            (
                "email",
                &[
                    "email",
                    "E-Mail",
                    "E-mail address",
                    "EMAIL_ADDRESS",
                    "Mail",
                    "e mail",
                    "邮箱",
                    "电子邮件",
                    "電子郵件",
                    "*Email:",
                    "Adresse e-mail",
                    "Correo electrónico",
                ][..],
            ),
            ("name", &["Name", "Full Name", "display_name", "姓名"]),
            ("language", &["Lang", "Preferred Language", "语言", "語言"]),
            ("timezone", &["Time Zone", "time-zone", "时区"]),
            ("sections", &["Section", "栏目"]),
        ] {
            for header in headers {
                let others = ["id", "Mailing list", "First name", *header, "Language level"];
                assert_eq!(find(&others, column), Ok(Some(3)), "{header}");
            }
        }
    }

    #[test]
    fn an_exact_name_comes_first_and_two_other_names_are_ambiguous() {
        assert_eq!(find(&["Mail", "Email"], "email"), Ok(Some(1)));
        let both = vec!["Mail".to_owned(), "E-Mail".to_owned()];
        assert_eq!(find(&["Mail", "x", "E-Mail"], "email"), Err(both));
        let same = vec!["email".to_owned(), "Email".to_owned()];
        assert_eq!(find(&["email", "Email"], "email"), Err(same));
        assert_eq!(find(&["Mailing", "", "-"], "email"), Ok(None));
    }
}
