# 篩選條件和匯入檔案中的行無效的原因，按代碼排列。

reason-of-attribute = { $attribute }：{ $reason }
reason-in-line = 第 { $line } 行：{ $reason }
reason-found = { $kind ->
    [text] 文字「{ $found }」
    [number] 數字 { $found }
    [end] 篩選條件的結尾
   *[sign] 「{ $found }」
  }
reason-hint = { $hint ->
    [near] 您是不是想寫「{ $names }」？
   *[known] 可以使用：{ $names }。
  }

reason-filter-too-long = 篩選條件長 { $bytes } 位元組，最多允許 { $limit } 位元組。請把其中一部分移到分組中。
reason-too-many-comparisons = 篩選條件中的比較超過 { $limit } 個，請用「in (…)」合併其中一些。
reason-too-many-in-segments = 篩選條件及其分組中的比較超過 { $limit } 個，請用「in (…)」合併其中一些。
reason-too-deep = 括號和「not」的巢狀超過 { $limit } 層。
reason-closes-nothing = 這個右括號沒有對應的左括號。
reason-expected-end = 這裡應是「and」、「or」或篩選條件的結尾，而不是{ reason-found }。
reason-expected-close = 這裡應是「and」、「or」或「)」，而不是{ reason-found }。
reason-expected-field = 這裡應是欄位（例如「tag」）、「not」或括號，而不是{ reason-found }。
reason-expected-comparison = 「{ $field }」之後應是比較符，例如 =、!=、~ 或 in，而不是{ reason-found }。
reason-expected-empty = 「is」之後請寫「empty」或「not empty」。
reason-expected-list = 「in」之後應是列表，例如 ("zh", "en")。
reason-expected-comma = 這裡應是逗號或「)」，而不是{ reason-found }。
reason-expected-value = 這裡應是一個值，而不是{ reason-found }。
reason-unquoted-text = 請給文字加上引號："{ $word }"
reason-unknown-operator = 請寫 !=，不要寫 <>。
reason-unclosed-text = 從這裡開始的文字缺少結尾的 { $mark }。
reason-backslash = 反斜槓之後必須是引號或另一個反斜槓；如需一個反斜槓，請寫 \\。
reason-control-character = 文字中不能有控制字元或換行。
reason-not-number = 「{ $text }」不是數字。日期和文字請加引號，例如 "2026-11-29"。
reason-lone-exclamation = 「!」之後必須是「=」；表示否定請寫「not」。
reason-other-quotation-mark = 請使用英文直引號（"），不要使用 { $character }。
reason-other-sign = 請寫「{ $correct }」，不要寫「{ $character }」。
reason-unexpected-character = 篩選條件中不能使用字元「{ $character }」。
reason-other-field = 請寫「{ $correct }」，不要寫「{ $field }」。
reason-unknown-field = 沒有名為「{ $field }」的欄位或屬性。{ reason-hint }
reason-attribute-name = 這不能作為屬性名稱。
reason-never-empty = 「{ $field }」總是有值，請與某個值比較。
reason-not-text = 「{ $field }」不是文字，請用「=」比較，不要用「~」。
reason-no-order = 「{ $field }」的值沒有大小之分，請用「=」或「in」。
reason-empty-part = 「~」之後的文字不能為空。
reason-not-quoted = 「{ $field }」只能與文字比較，請給{ reason-found }加上引號。
reason-other-type = { $expected ->
    [number] 「{ $field }」是數字，請與不帶引號的數字比較，例如 12，而不是{ reason-found }。
    [date] 「{ $field }」是日期，請與帶引號的日期比較，例如 "2026-11-29"，而不是{ reason-found }。
    [boolean] 「{ $field }」的值為是或否，請與不帶引號的 true 或 false 比較，而不是{ reason-found }。
   *[text] 「{ $field }」是文字，請與帶引號的文字比較，而不是{ reason-found }。
  }
reason-unknown-digest = 沒有名為「{ $name }」的電子報。{ reason-hint }
reason-unknown-status = 「{ $name }」不是訂閱狀態。{ reason-hint }
reason-unknown-segment = 沒有名為「{ $name }」的分組。{ reason-hint }
reason-no-segments = 沒有名為「{ $name }」的分組，目前還沒有任何分組。
reason-segment-in-segment = 分組的篩選條件不能引用其他分組，請在這裡重複寫出條件。
reason-invalid-segment = 分組「{ $name }」的篩選條件無效，請先修正。
reason-ambiguous-state = 「{ $field }」在這裡與其他欄位並列，無法確定它是否屬於所比較的電子報。請用「and」在旁邊重複對「digest」的比較。

reason-empty-value = 值為空。
reason-long-value = 值有 { $length } 個字元，最多允許 { $limit } 個。
reason-invalid-number = 「{ $value }」不是數字。請寫成 12 或 -3.5 的形式，最多六位小數。
reason-invalid-date = 「{ $value }」不是日期。請寫成 2026-11-29 的形式。
reason-invalid-boolean = 「{ $value }」不是「是」或「否」。請寫 true 或 false。
reason-invalid-language = 「{ $tag }」不是語言代碼。請寫 en、zh-CN 或 zh-Hant 這樣的代碼。
reason-underscore-in-language = 「{ $tag }」不是語言代碼。請寫「{ $correct }」。
reason-unknown-language = 沒有語言「{ $tag }」。電子報的語言：{ $known }。
reason-empty-tag = 標籤為空。
reason-character-in-tag = 標籤中不能有「{ $character }」。
reason-long-tag = 標籤有 { $length } 個字元，最多允許 { $limit } 個。

reason-address-empty = 電子郵件地址為空。
reason-no-at = 「{ $address }」不是電子郵件地址：缺少 @。
reason-local-empty = 「{ $address }」不是電子郵件地址：@ 之前沒有內容。
reason-local-quoted = 無法向「{ $address }」寄信：不支援 @ 之前帶引號的名稱。
reason-local-not-ascii = 無法向「{ $address }」寄信：@ 之前的字元很少有郵件伺服器接受。
reason-local-too-long = 無法向「{ $address }」寄信：@ 之前的部分太長。
reason-local-dots = 無法向「{ $address }」寄信：@ 之前的部分以點開頭或結尾，或者有連續的點。
reason-local-character = 無法向「{ $address }」寄信：@ 之前有不允許使用的字元。
reason-domain-missing = 「{ $address }」不是電子郵件地址：缺少網域。
reason-domain-in-brackets = 無法向「{ $address }」寄信：@ 之後必須是網域，不能是 IP 地址。
reason-domain-invalid = 無法向「{ $address }」寄信：網域無效。
reason-domain-without-dot = 無法向「{ $address }」寄信：網域中沒有點。
reason-domain-numeric = 無法向「{ $address }」寄信：@ 之後必須是網域，不能是 IP 地址。
reason-address-too-long = 無法向「{ $address }」寄信：地址太長。

reason-long-field = 「{ $column }」欄位的值包含多行或超過 { $limit } 位元組，可能缺少引號。
reason-long-attributes = 屬性超過 { $limit } 位元組。
reason-attributes-not-json = 屬性不是有效的 JSON（{ $error }）。
reason-attributes-not-object = 屬性不是 JSON 物件，正確的形式如 {"{"}"city": "Bonn"{"}"}。
reason-invalid-status = 「{ $status }」不是訂閱狀態。可以使用：{ $known }。
reason-invalid-suppression = 「{ $word }」不是禁止寄送的原因。可以使用：{ $known }，也可以留空。
reason-invalid-timezone = 「{ $zone }」不是時區。請寫成 Asia/Shanghai 或 Europe/Berlin 的形式。
reason-unknown-section = 沒有欄目「{ $section }」。現有欄目：{ $known }。
reason-line-not-object = 這一行不是 JSON 物件。
reason-line-not-json = 這一行不是有效的 JSON（{ $error }）。
reason-long-line = 這一行長 { $bytes } 位元組，最多允許 { $limit } 位元組。
reason-no-column = 沒有「{ $heading }」這個欄位。檔案中的欄位：{ $existing }。
reason-no-ignored-column = 沒有要忽略的「{ $heading }」欄位。檔案中的欄位：{ $existing }。
reason-no-headings = 檔案的第一行含有電子郵件地址。請在它前面插入一行欄位名稱，例如「email」。
reason-several-columns = 有幾個欄位都可能是 { $column }：{ $names }。請選擇其中一個。
reason-invalid-attribute-name = 「{ $name }」不能作為屬性名稱。請使用小寫字母、數字和底線，並以字母開頭。
reason-same-attribute = 「{ $first }」和「{ $second }」兩個欄位對應同一個屬性 { $name }。請在檔案中重新命名或刪除其中一個欄位。
reason-not-csv = { $format ->
    [xlsx] 這個檔案是 .xlsx 之類的活頁簿，不是 CSV。
    [xls] 這個檔案是舊版 Excel 的活頁簿（.xls），不是 CSV。
   *[html] 這個檔案是 HTML 表格（有些程式將其命名為 .xls），不是 CSV。
  }請用試算表軟體開啟，另存為「CSV UTF-8」。
reason-not-encoded = 這個檔案不是有效的 { $encoding }。請將其另存為 UTF-8，或選擇其他編碼。
reason-unclosed-quotation = 從這裡開始的引號直到欄位結尾都沒有閉合，可能缺少或多出一個引號。
reason-empty-file = 檔案是空的，或者匯入已結束，檔案已被刪除。
reason-same-address = 與第 { $line } 行的地址相同。
reason-not-utf8 = 這一行不是有效的 UTF-8，請將檔案另存為 UTF-8。
reason-excess-fields = 這一行有 { $fields } 個欄位，應為 { $columns } 個。{ $separator ->
    [comma] 包含逗號的欄位可能缺少引號。
    [semicolon] 包含分號的欄位可能缺少引號。
    [tab] 包含定位字元的欄位可能缺少引號。
   *[other] 包含分隔符的欄位可能缺少引號。
  }
reason-long-value-of-row = 第 { $position } 個欄位長 { $bytes } 位元組，最多允許 { $limit } 位元組，可能缺少引號。
reason-long-row = 這一行長 { $bytes } 位元組，最多允許 { $limit } 位元組，可能缺少引號。
reason-many-fields = 這一行有 { $fields } 個欄位，最多允許 { $limit } 個，可能缺少引號。

unsent-not-awaited = 未寄送：已沒有等待確認的訂閱。
unsent-suppressed = 未寄送：該地址先前已列入禁發名單。
unsent-unsubscribed-or-suppressed = 未寄送：此人已取消訂閱，或者該地址已列入禁發名單。
unsent-address-changed = 未寄送：此人已更換地址。
unsent-erased = 未寄送：此人的資料已被清除。
unsent-process-ended = 寄送過程中 Courant 停止運作，無法確定郵件是否送達。
unsent-shutdown = 中繼伺服器回覆之前 Courant 已停止運作，無法確定郵件是否送達。

reception-queued = 寄給此人的郵件正在排隊等待寄送。
reception-sending = 寄給此人的郵件正在寄送。
reception-sent = 郵件伺服器已於 { $time } 接收郵件。
reception-failed = 郵件未能送達。{ $answer }
reception-held = 無法確定郵件是否已寄出，正等待處理。{ $answer }
reception-cancelled = 郵件在寄送前已取消。{ $answer }
reception-bounced = 郵件伺服器接收了郵件，但隨後被退回。{ $answer }
reception-preparing = 本期仍在準備中。
reception-cancelled-early = 本期在收件人確定之前已被取消。
reception-not-subscribed = 該地址沒有訂閱這份電子報。長期未確認的訂閱申請以及應本人要求刪除的資料均不再保留。
reception-subscribed-later = 該訂閱始於 { $time }，晚於本期。
reception-pending = 本期產生時，{ $time } 提出的訂閱尚未確認。
reception-paused = 本期產生時，該訂閱自 { $time } 起處於暫停狀態。
reception-unsubscribed = 該訂閱已於 { $time } 終止，早於本期。
reception-no-story = 此人所選的欄目在本期沒有文章。
reception-suppressed = 該地址自 { $time } 起已被禁發，早於本期。
reception-audience = 此人不符合本期產生時的受眾條件。
reception-unknown = 現有資料無法解釋原因：此後個人資料、所選欄目或禁發狀態有過更改。
