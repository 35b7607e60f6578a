# Reasons why filters and lines of imported files are not valid, and why messages were not sent, by their
# codes.

reason-of-attribute = { $attribute }: { $reason }
reason-in-line = Line { $line }: { $reason }
reason-found = { $kind ->
    [text] the text “{ $found }”
    [number] the number { $found }
    [end] the end of the filter
   *[sign] “{ $found }”
  }
reason-hint = { $hint ->
    [near] Did you mean “{ $names }”?
   *[known] Use one of: { $names }.
  }

reason-filter-too-long = The filter has { $bytes } bytes; at most { $limit } are allowed. Move a part of it to a segment.
reason-too-many-comparisons = The filter has more than { $limit } comparisons. Combine some of them with “in (…)”.
reason-too-many-in-segments = The filter and its segments have more than { $limit } comparisons. Combine some of them with “in (…)”.
reason-too-deep = Parentheses and “not” are nested more than { $limit } times.
reason-closes-nothing = This parenthesis closes nothing.
reason-expected-end = Here “and”, “or” or the end of the filter should follow, not { reason-found }.
reason-expected-close = Here “and”, “or” or “)” should follow, not { reason-found }.
reason-expected-field = Here a field such as “tag”, “not” or a parenthesis should follow, not { reason-found }.
reason-expected-comparison = After “{ $field }” a comparison should follow, such as =, !=, ~ or in, not { reason-found }.
reason-expected-empty = After “is”, write “empty” or “not empty”.
reason-expected-list = After “in” a list should follow, such as ("zh", "en").
reason-expected-comma = Here a comma or “)” should follow, not { reason-found }.
reason-expected-value = Here a value should follow, not { reason-found }.
reason-unquoted-text = Put the text in quotation marks: "{ $word }"
reason-unknown-operator = Write != instead of <>.
reason-unclosed-text = A text begins here and has no closing { $mark }.
reason-backslash = A backslash stands before a quotation mark or another backslash. Write \\ for one backslash.
reason-control-character = A text must not contain control characters or line breaks.
reason-not-number = “{ $text }” is not a number. Put dates and texts in quotation marks, for example "2026-11-29".
reason-lone-exclamation = After “!” follows “=”. To negate, write “not”.
reason-other-quotation-mark = Use straight quotation marks (") instead of { $character }.
reason-other-sign = Write “{ $correct }” instead of “{ $character }”.
reason-unexpected-character = Filters do not use the character “{ $character }”.
reason-other-field = Write “{ $correct }” instead of “{ $field }”.
reason-unknown-field = There is no field or attribute “{ $field }”. { reason-hint }
reason-attribute-name = This cannot be the name of an attribute.
reason-never-empty = “{ $field }” is never empty. Compare it with a value.
reason-not-text = “{ $field }” is not a text. Compare it with “=” instead of “~”.
reason-no-order = Values of “{ $field }” have no order. Use “=” or “in”.
reason-empty-part = After “~”, write a text that is not empty.
reason-not-quoted = “{ $field }” is compared with texts. Put { reason-found } in quotation marks.
reason-other-type = { $expected ->
    [number] “{ $field }” is a number. Compare it with a number without quotation marks, for example 12, not with { reason-found }.
    [date] “{ $field }” is a date. Compare it with a date in quotation marks, for example "2026-11-29", not with { reason-found }.
    [boolean] “{ $field }” is yes or no. Compare it with true or false, without quotation marks, not with { reason-found }.
   *[text] “{ $field }” is a text. Compare it with a text in quotation marks, not with { reason-found }.
  }
reason-unknown-digest = There is no digest “{ $name }”. { reason-hint }
reason-unknown-status = “{ $name }” is not a status. { reason-hint }
reason-unknown-segment = There is no segment “{ $name }”. { reason-hint }
reason-no-segments = There is no segment “{ $name }”, and no other either.
reason-segment-in-segment = The filter of a segment cannot name segments. Repeat the filter here.
reason-invalid-segment = The filter of the segment “{ $name }” is not valid. Correct it first.
reason-ambiguous-state = “{ $field }” stands beside other fields here, so it is not clear whether it belongs to the compared digest. Repeat the comparison of “digest” beside it with “and”.

reason-empty-value = The value is empty.
reason-long-value = The value has { $length } characters; at most { $limit } are allowed.
reason-invalid-number = “{ $value }” is not a number. Write it like 12 or -3.5, with at most six decimal places.
reason-invalid-date = “{ $value }” is not a date. Write it like 2026-11-29.
reason-invalid-boolean = “{ $value }” is not a yes or no. Write true or false.
reason-invalid-language = “{ $tag }” is not a language. Write a code such as en, zh-CN or zh-Hant.
reason-underscore-in-language = “{ $tag }” is not a language. Write “{ $correct }”.
reason-unknown-language = “{ $tag }” is not a known language. Languages of the digest: { $known }.
reason-empty-tag = A tag is empty.
reason-character-in-tag = A tag must not contain “{ $character }”.
reason-long-tag = A tag has { $length } characters; at most { $limit } are allowed.

reason-address-empty = The address is empty.
reason-no-at = “{ $address }” is not an e-mail address: it has no @.
reason-local-empty = “{ $address }” is not an e-mail address: nothing stands before the @.
reason-local-quoted = “{ $address }” cannot be mailed: quoted names before the @ are not supported.
reason-local-not-ascii = “{ $address }” cannot be mailed: few mail servers accept such letters before the @.
reason-local-too-long = “{ $address }” cannot be mailed: the part before the @ is too long.
reason-local-dots = “{ $address }” cannot be mailed: the part before the @ has a dot at an end, or two in a row.
reason-local-character = “{ $address }” cannot be mailed: the part before the @ has a character that is not allowed there.
reason-domain-missing = “{ $address }” is not an e-mail address: the domain is missing.
reason-domain-in-brackets = “{ $address }” cannot be mailed: the domain must be a name, not an IP address.
reason-domain-invalid = “{ $address }” cannot be mailed: the domain is not valid.
reason-domain-without-dot = “{ $address }” cannot be mailed: the domain has no dot.
reason-domain-numeric = “{ $address }” cannot be mailed: the domain must be a name, not an IP address.
reason-address-too-long = “{ $address }” cannot be mailed: the address is too long.

reason-long-field = The column “{ $column }” has several lines or more than { $limit } bytes. A quotation mark may be missing.
reason-long-attributes = The attributes have more than { $limit } bytes.
reason-attributes-not-json = The attributes are not valid JSON ({ $error }).
reason-attributes-not-object = The attributes are not a JSON object, such as {"{"}"city": "Bonn"{"}"}.
reason-invalid-status = “{ $status }” is not a status. Use one of: { $known }.
reason-invalid-suppression = “{ $word }” is not a reason of a suppression. Use one of: { $known }, or leave it empty.
reason-invalid-timezone = “{ $zone }” is not a time zone. Write it as in Asia/Shanghai or Europe/Berlin.
reason-unknown-section = There is no section “{ $section }”. Sections: { $known }.
reason-line-not-object = The line is not a JSON object.
reason-line-not-json = The line is not valid JSON ({ $error }).
reason-long-line = The line has { $bytes } bytes; at most { $limit } are allowed.
reason-no-column = There is no column “{ $heading }”. Columns of the file: { $existing }.
reason-no-ignored-column = There is no column “{ $heading }” to ignore. Columns of the file: { $existing }.
reason-no-headings = The first line contains an address. Insert a line with the names of the columns before it, such as “email”.
reason-several-columns = Several columns may contain { $column }: { $names }. Choose one of them.
reason-invalid-attribute-name = “{ $name }” is not a valid name of an attribute. Use lower-case letters, digits and underscores, and begin with a letter.
reason-same-attribute = The columns “{ $first }” and “{ $second }” are the same attribute, { $name }. Rename or remove one of them in the file.
reason-not-csv = { $format ->
    [xlsx] The file is a workbook such as .xlsx, not CSV.
    [xls] The file is a workbook of an old Excel version (.xls), not CSV.
   *[html] The file is a table in HTML, which some programs name .xls, not CSV.
  } Open it in a spreadsheet program and save it as “CSV UTF-8”.
reason-not-encoded = The file is not valid { $encoding }. Save it as UTF-8, or choose another encoding.
reason-unclosed-quotation = A quotation mark opens here and is not closed before the end of its field. One is missing or extra.
reason-empty-file = The file is empty, or was deleted because the import has ended.
reason-same-address = Line { $line } has the same address.
reason-not-utf8 = The line is not valid UTF-8. Save the file as UTF-8.
reason-excess-fields = The line has { $fields } fields instead of { $columns }. { $separator ->
    [comma] A quotation mark may be missing around a field that contains a comma.
    [semicolon] A quotation mark may be missing around a field that contains a semicolon.
    [tab] A quotation mark may be missing around a field that contains a tab.
   *[other] A quotation mark may be missing around a field that contains the delimiter.
  }
reason-long-value-of-row = Field { $position } has { $bytes } bytes; at most { $limit } are allowed. A quotation mark may be missing.
reason-long-row = The line has { $bytes } bytes; at most { $limit } are allowed. A quotation mark may be missing.
reason-many-fields = The line has { $fields } fields; at most { $limit } are allowed. A quotation mark may be missing.

unsent-not-awaited = Not sent: no subscription waits for the confirmation any more.
unsent-suppressed = Not sent: the address was suppressed before.
unsent-unsubscribed-or-suppressed = Not sent: the person unsubscribed, or the address was suppressed before.
unsent-address-changed = Not sent: the person has another address now.
unsent-erased = Not sent: the person was erased before.
unsent-process-ended = Courant was stopped while it sent the message, so it may have arrived or not.
unsent-shutdown = Courant was stopped before the relay had answered, so the message may have arrived or not.

reception-queued = The message to this person waits to be sent.
reception-sending = The message to this person is being sent.
reception-sent = The mail server accepted the message at { $time }.
reception-failed = The message could not be delivered. { $answer }
reception-held = It is not known whether the message was sent, so it waits for a decision. { $answer }
reception-cancelled = The message was cancelled before it was sent. { $answer }
reception-bounced = The mail server accepted the message, and it came back as undeliverable. { $answer }
reception-preparing = The edition is still being prepared.
reception-cancelled-early = The edition was cancelled before its recipients were known.
reception-not-subscribed = This address has no subscription to the digest. Sign-ups that nobody confirms are deleted after some time, as are people who ask for it.
reception-subscribed-later = The subscription began at { $time }, after the edition.
reception-pending = The subscription of { $time } was not confirmed yet when the edition was created.
reception-paused = The subscription had been paused since { $time } when the edition was created.
reception-unsubscribed = The subscription had ended at { $time }, before the edition.
reception-no-story = No article of the edition is in the sections that this person has chosen.
reception-suppressed = The address had been suppressed since { $time }, before the edition.
reception-audience = This person does not fulfil the filter that the digest had when the edition was created.
reception-unknown = What is stored today does not explain it: details, chosen sections or a suppression have changed since.
