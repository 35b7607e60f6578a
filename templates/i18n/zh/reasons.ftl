# 筛选条件和导入文件中的行无效的原因，按代码排列。

reason-of-attribute = { $attribute }：{ $reason }
reason-in-line = 第 { $line } 行：{ $reason }
reason-found = { $kind ->
    [text] 文本“{ $found }”
    [number] 数字 { $found }
    [end] 筛选条件的结尾
   *[sign] “{ $found }”
  }
reason-hint = { $hint ->
    [near] 您是不是想写“{ $names }”？
   *[known] 可以使用：{ $names }。
  }

reason-filter-too-long = 筛选条件长 { $bytes } 字节，最多允许 { $limit } 字节。请把其中一部分移到分组中。
reason-too-many-comparisons = 筛选条件中的比较超过 { $limit } 个，请用“in (…)”合并其中一些。
reason-too-many-in-segments = 筛选条件及其分组中的比较超过 { $limit } 个，请用“in (…)”合并其中一些。
reason-too-deep = 括号和“not”的嵌套超过 { $limit } 层。
reason-closes-nothing = 这个右括号没有对应的左括号。
reason-expected-end = 这里应是“and”、“or”或筛选条件的结尾，而不是{ reason-found }。
reason-expected-close = 这里应是“and”、“or”或“)”，而不是{ reason-found }。
reason-expected-field = 这里应是字段（例如“tag”）、“not”或括号，而不是{ reason-found }。
reason-expected-comparison = “{ $field }”之后应是比较符，例如 =、!=、~ 或 in，而不是{ reason-found }。
reason-expected-empty = “is”之后请写“empty”或“not empty”。
reason-expected-list = “in”之后应是列表，例如 ("zh", "en")。
reason-expected-comma = 这里应是逗号或“)”，而不是{ reason-found }。
reason-expected-value = 这里应是一个值，而不是{ reason-found }。
reason-unquoted-text = 请给文本加上引号："{ $word }"
reason-unknown-operator = 请写 !=，不要写 <>。
reason-unclosed-text = 从这里开始的文本缺少结尾的 { $mark }。
reason-backslash = 反斜杠之后必须是引号或另一个反斜杠；如需一个反斜杠，请写 \\。
reason-control-character = 文本中不能有控制字符或换行。
reason-not-number = “{ $text }”不是数字。日期和文本请加引号，例如 "2026-11-29"。
reason-lone-exclamation = “!”之后必须是“=”；表示否定请写“not”。
reason-other-quotation-mark = 请使用英文直引号（"），不要使用 { $character }。
reason-other-sign = 请写“{ $correct }”，不要写“{ $character }”。
reason-unexpected-character = 筛选条件中不能使用字符“{ $character }”。
reason-other-field = 请写“{ $correct }”，不要写“{ $field }”。
reason-unknown-field = 没有名为“{ $field }”的字段或属性。{ reason-hint }
reason-attribute-name = 这不能作为属性名称。
reason-never-empty = “{ $field }”总是有值，请与某个值比较。
reason-not-text = “{ $field }”不是文本，请用“=”比较，不要用“~”。
reason-no-order = “{ $field }”的值没有大小之分，请用“=”或“in”。
reason-empty-part = “~”之后的文本不能为空。
reason-not-quoted = “{ $field }”只能与文本比较，请给{ reason-found }加上引号。
reason-other-type = { $expected ->
    [number] “{ $field }”是数字，请与不带引号的数字比较，例如 12，而不是{ reason-found }。
    [date] “{ $field }”是日期，请与带引号的日期比较，例如 "2026-11-29"，而不是{ reason-found }。
    [boolean] “{ $field }”的值为是或否，请与不带引号的 true 或 false 比较，而不是{ reason-found }。
   *[text] “{ $field }”是文本，请与带引号的文本比较，而不是{ reason-found }。
  }
reason-unknown-digest = 没有名为“{ $name }”的简报。{ reason-hint }
reason-unknown-status = “{ $name }”不是订阅状态。{ reason-hint }
reason-unknown-segment = 没有名为“{ $name }”的分组。{ reason-hint }
reason-no-segments = 没有名为“{ $name }”的分组，目前还没有任何分组。
reason-segment-in-segment = 分组的筛选条件不能引用其他分组，请在这里重复写出条件。
reason-invalid-segment = 分组“{ $name }”的筛选条件无效，请先修正。
reason-ambiguous-state = “{ $field }”在这里与其他字段并列，无法确定它是否属于所比较的简报。请用“and”在旁边重复对“digest”的比较。

reason-empty-value = 值为空。
reason-long-value = 值有 { $length } 个字符，最多允许 { $limit } 个。
reason-invalid-number = “{ $value }”不是数字。请写成 12 或 -3.5 的形式，最多六位小数。
reason-invalid-date = “{ $value }”不是日期。请写成 2026-11-29 的形式。
reason-invalid-boolean = “{ $value }”不是“是”或“否”。请写 true 或 false。
reason-invalid-language = “{ $tag }”不是语言代码。请写 en、zh-CN 或 zh-Hant 这样的代码。
reason-underscore-in-language = “{ $tag }”不是语言代码。请写“{ $correct }”。
reason-unknown-language = 没有语言“{ $tag }”。简报的语言：{ $known }。
reason-empty-tag = 标签为空。
reason-character-in-tag = 标签中不能有“{ $character }”。
reason-long-tag = 标签有 { $length } 个字符，最多允许 { $limit } 个。

reason-address-empty = 邮箱地址为空。
reason-no-at = “{ $address }”不是邮箱地址：缺少 @。
reason-local-empty = “{ $address }”不是邮箱地址：@ 之前没有内容。
reason-local-quoted = 无法向“{ $address }”发信：不支持 @ 之前带引号的名称。
reason-local-not-ascii = 无法向“{ $address }”发信：@ 之前的字符很少有邮件服务器接受。
reason-local-too-long = 无法向“{ $address }”发信：@ 之前的部分太长。
reason-local-dots = 无法向“{ $address }”发信：@ 之前的部分以点开头或结尾，或者有连续的点。
reason-local-character = 无法向“{ $address }”发信：@ 之前有不允许使用的字符。
reason-domain-missing = “{ $address }”不是邮箱地址：缺少域名。
reason-domain-in-brackets = 无法向“{ $address }”发信：@ 之后必须是域名，不能是 IP 地址。
reason-domain-invalid = 无法向“{ $address }”发信：域名无效。
reason-domain-without-dot = 无法向“{ $address }”发信：域名中没有点。
reason-domain-numeric = 无法向“{ $address }”发信：@ 之后必须是域名，不能是 IP 地址。
reason-address-too-long = 无法向“{ $address }”发信：地址太长。

reason-long-field = “{ $column }”列的值包含多行或超过 { $limit } 字节，可能缺少引号。
reason-long-attributes = 属性超过 { $limit } 字节。
reason-attributes-not-json = 属性不是有效的 JSON（{ $error }）。
reason-attributes-not-object = 属性不是 JSON 对象，正确的形式如 {"{"}"city": "Bonn"{"}"}。
reason-invalid-status = “{ $status }”不是订阅状态。可以使用：{ $known }。
reason-invalid-suppression = “{ $word }”不是禁止发送的原因。可以使用：{ $known }，也可以留空。
reason-invalid-timezone = “{ $zone }”不是时区。请写成 Asia/Shanghai 或 Europe/Berlin 的形式。
reason-unknown-section = 没有栏目“{ $section }”。现有栏目：{ $known }。
reason-line-not-object = 这一行不是 JSON 对象。
reason-line-not-json = 这一行不是有效的 JSON（{ $error }）。
reason-long-line = 这一行长 { $bytes } 字节，最多允许 { $limit } 字节。
reason-no-column = 没有“{ $heading }”这一列。文件中的列：{ $existing }。
reason-no-ignored-column = 没有要忽略的“{ $heading }”列。文件中的列：{ $existing }。
reason-no-headings = 文件的第一行包含邮箱地址。请在它前面插入一行列名，例如“email”。
reason-several-columns = 有几列都可能是 { $column }：{ $names }。请选择其中一列。
reason-invalid-attribute-name = “{ $name }”不能用作属性名。请使用小写字母、数字和下划线，并以字母开头。
reason-same-attribute = “{ $first }”和“{ $second }”两列对应同一个属性 { $name }。请在文件中重命名或删除其中一列。
reason-not-csv = { $format ->
    [xlsx] 该文件是 .xlsx 之类的工作簿，不是 CSV。
    [xls] 该文件是旧版 Excel 的工作簿（.xls），不是 CSV。
   *[html] 该文件是 HTML 表格（有些程序将其命名为 .xls），不是 CSV。
  }请用电子表格软件打开，另存为“CSV UTF-8”。
reason-not-encoded = 该文件不是有效的 { $encoding }。请将其另存为 UTF-8，或选择其他编码。
reason-unclosed-quotation = 从这里开始的引号直到字段结尾都没有闭合，可能缺少或多出一个引号。
reason-empty-file = 文件为空，或者导入已结束，文件已被删除。
reason-same-address = 与第 { $line } 行的地址相同。
reason-not-utf8 = 这一行不是有效的 UTF-8，请将文件另存为 UTF-8。
reason-excess-fields = 这一行有 { $fields } 个字段，应为 { $columns } 个。{ $separator ->
    [comma] 包含逗号的字段可能缺少引号。
    [semicolon] 包含分号的字段可能缺少引号。
    [tab] 包含制表符的字段可能缺少引号。
   *[other] 包含分隔符的字段可能缺少引号。
  }
reason-long-value-of-row = 第 { $position } 个字段长 { $bytes } 字节，最多允许 { $limit } 字节，可能缺少引号。
reason-long-row = 这一行长 { $bytes } 字节，最多允许 { $limit } 字节，可能缺少引号。
reason-many-fields = 这一行有 { $fields } 个字段，最多允许 { $limit } 个，可能缺少引号。

unsent-not-awaited = 未发送：已没有等待确认的订阅。
unsent-suppressed = 未发送：该地址此前已列入禁发名单。
unsent-unsubscribed-or-suppressed = 未发送：此人已退订，或者该地址已列入禁发名单。
unsent-address-changed = 未发送：此人已更换地址。
unsent-erased = 未发送：此人的资料已被清除。
unsent-process-ended = 发送过程中 Courant 停止运行，无法确定邮件是否送达。
unsent-shutdown = 中继服务器答复之前 Courant 已停止运行，无法确定邮件是否送达。

reception-queued = 发给此人的邮件正在排队等待发送。
reception-sending = 发给此人的邮件正在发送。
reception-sent = 邮件服务器已于 { $time } 接收邮件。
reception-failed = 邮件未能送达。{ $answer }
reception-held = 无法确定邮件是否已发出，正等待处理。{ $answer }
reception-cancelled = 邮件在发送前已取消。{ $answer }
reception-bounced = 邮件服务器接收了邮件，但随后被退回。{ $answer }
reception-preparing = 本期仍在准备中。
reception-cancelled-early = 本期在收件人确定之前已被取消。
reception-not-subscribed = 该地址没有订阅该简报。长期未确认的订阅申请以及应本人要求删除的资料均不再保留。
reception-subscribed-later = 该订阅始于 { $time }，晚于本期。
reception-pending = 本期生成时，{ $time } 提出的订阅尚未确认。
reception-paused = 本期生成时，该订阅自 { $time } 起处于暂停状态。
reception-unsubscribed = 该订阅已于 { $time } 终止，早于本期。
reception-no-story = 此人所选的栏目在本期没有文章。
reception-suppressed = 该地址自 { $time } 起已被禁发，早于本期。
reception-audience = 此人不符合本期生成时的受众条件。
reception-unknown = 现有资料无法解释原因：此后个人资料、所选栏目或禁发状态有过更改。
