# 邮件和网页的简体中文文本。缺失的条目使用英文文本。
language-name = 简体中文

# --- Digest e-mail
digest-count = { $count } 篇文章
digest-in-browser = 在浏览器中查看
digest-read-more = 阅读全文
digest-more = 本期更多文章
digest-unlisted = 另有 { $count } 篇文章，请访问：{ $site }
digest-preheader-more = 及更多内容
digest-reason = 您收到此邮件，是因为您订阅了“{ $digest }”（{ $site }）。
digest-sent-to = 发送至
digest-unsubscribe = 退订

# --- Confirmation e-mail
confirm-mail-subject = 请确认订阅：{ $digests }
confirm-mail-title = 请确认您的订阅
confirm-mail-reason = 我们收到了以 { $address } 订阅以下内容的申请（{ $site }）：
confirm-mail-instructions = 请打开以下页面并确认订阅。链接 { $days } 天内有效。
confirm-mail-button = 确认订阅
confirm-mail-link = 如果按钮无法点击，请将以下链接复制到浏览器中打开：
confirm-mail-ignore = 如果这不是您本人的操作，请忽略此邮件。在您确认之前，我们不会向您发送任何内容。

# --- All pages
page-feeds = 订阅源
page-subscribe = 订阅
page-mailbox = 收件箱
page-publish = 发布
page-language = 语言
page-skip = 跳至正文
page-footer = 由 Courant 提供支持
page-back = 返回首页

# --- Home page
index-title = 用 RSS 阅读器或邮箱看新闻
index-lede = 用 RSS 阅读器订阅{ $site }，或通过邮件接收最新消息。
index-digests = 邮件订阅
index-digests-hint = 定期通过邮件接收最新文章，随时可以退订。
index-digest-next = 下一期：{ $next }
index-digest-paused = 目前暂停发送邮件。
index-digest-subscribe = 订阅
index-feeds = RSS 订阅
index-feeds-hint = 将订阅源的网址复制到阅读器中，三种格式任选其一。
index-feed-count = { $count ->
    [0] 暂无文章
   *[other] { $count } 篇文章
}
index-feeds-all = 全部订阅源
index-opml = 下载全部订阅源（OPML）
index-latest = 最新文章
index-empty = 暂无订阅源和简报。
index-about = 使用说明
index-about-feeds = 阅读器会自动获取新文章，无需注册，也无需填写邮箱。不想再看时，在阅读器中删除订阅源即可。
index-about-digests = 订阅简报只需填写邮箱并完成确认{ $choice ->
    [both] ，还可以选择感兴趣的栏目和语言
    [sections] ，还可以选择感兴趣的栏目
    [language] ，还可以选择语言
   *[none] {""}
}。

# --- How often a digest is sent ($nth is 1 to 4, or 5 for the last)
list-separator = 、
list-end = 、
weekday = { $day ->
    [1] 周一
    [2] 周二
    [3] 周三
    [4] 周四
    [5] 周五
    [6] 周六
   *[7] 周日
}
month = { $month ->
    [1] 1 月
    [2] 2 月
    [3] 3 月
    [4] 4 月
    [5] 5 月
    [6] 6 月
    [7] 7 月
    [8] 8 月
    [9] 9 月
    [10] 10 月
    [11] 11 月
   *[12] 12 月
}
month-day = { $day } 日
recurrence-minutes = { $count ->
    [1] 每分钟
   *[other] 每 { $count } 分钟
}
recurrence-hours = { $count ->
    [1] 每小时
   *[other] 每 { $count } 小时
}
recurrence-daily = 每天 { $times }
recurrence-weekdays = 周一至周五 { $times }
recurrence-weekends = 周六和周日 { $times }
recurrence-weekly = 每{ $days } { $times }
recurrence-first-day = 每月 1 日 { $times }
recurrence-last-day = 每月最后一天 { $times }
recurrence-monthly = 每月 { $days } { $times }
recurrence-nth-weekday = 每月{ $nth ->
    [1] 第一个
    [2] 第二个
    [3] 第三个
    [4] 第四个
   *[5] 最后一个
}{ $weekday } { $times }
recurrence-yearly = 每年 { $month } { $day } 日 { $times }

# --- Banner on the demo's home page
demo-title = 在线演示
demo-next = 下一期简报将在 { $seconds } 秒后发送。
demo-soon = 有新文章时将发送下一期简报。
demo-paused = 简报目前暂停发送。
demo-mails = { $count ->
    [0] 尚未收到邮件。
   *[other] 已收到 { $count } 封邮件。
}
demo-description = 一所虚构的学院会不时发布文章。订阅源即时更新，新文章每分钟汇总成一期简报，发送给订阅者。
demo-mailbox = 打开收件箱
demo-publish = 发布文章
demo-admin = 打开管理后台

# --- Page of a feed
feed-description = 通过订阅源，您可以用 RSS 阅读器关注网站更新。阅读器会定期检查并显示新文章，无需注册，也无需填写邮箱。
feed-instructions = 将订阅源的网址复制到阅读器中。如果不确定用哪种格式，请选择 RSS。
feed-subscribe = 订阅
feed-private = 这是私密订阅源。任何人得到网址都可以阅读，请谨慎分享。
feed-copy = 复制
feed-copied = 已复制
feed-contents = 内容
feed-language = 语言
feed-updates = 更新
feed-push = 支持 WebSub 的阅读器会即时更新，其他阅读器在下次检查时更新
feed-poll = 阅读器在下次检查时更新
feed-empty = 暂无文章。
feed-older = 更早的文章
feed-archive = 归档：{ $page }
feed-parts = 只订阅部分内容
feed-parts-hint = 以下各项均为独立的订阅源。
feed-embed = 在您的网站中添加此订阅源
feed-embed-hint = 将以下代码添加到网页的 head 部分，阅读器即可通过您的网址找到此订阅源。

# --- List of feeds
feeds-title = 订阅源
feeds-none = 暂无公开的订阅源。
feeds-by-topic = 按主题订阅
feeds-by-topic-hint = 以下各项均为独立的订阅源。
feeds-by-section = 栏目
feeds-by-language = 语言
feeds-by-tag = 标签

# --- Subscribe
subscribe-title = 邮件订阅
subscribe-lede = 我们会先向您发送一封确认邮件。在您确认之前，不会发送任何其他内容。
subscribe-address = 邮箱地址
subscribe-name = 姓名
subscribe-optional = 选填
subscribe-digests = 您想订阅哪些内容？
subscribe-sections = 栏目
subscribe-sections-hint = 不选则接收全部栏目。
subscribe-language = 邮件语言
subscribe-honeypot = 请勿填写此项
subscribe-button = 订阅
subscribe-privacy = 您的邮箱地址仅用于发送这些邮件。每封邮件都附有退订链接。
subscribe-sent-title = 请查收邮件
subscribe-sent = 我们已向 { $address } 发送了一封邮件，请打开其中的链接，并在页面上确认订阅。
subscribe-sent-again = 如果几分钟内没有收到，请检查垃圾邮件文件夹。如果您之前已经申请过，请使用先前收到的那封邮件。
subscribe-error-address = “{ $address }”不是有效的邮箱地址，请检查后重新填写。
subscribe-error-digest = 请至少选择一份简报。

# --- Confirm
confirm-title = 确认订阅
confirm-list = 确认后，您将收到：
confirm-button = 确认订阅
confirm-not-me = 如果这不是您本人的操作，关闭此页面即可。
confirm-done-title = 订阅成功
confirm-done = 您将收到：
confirm-done-hint = 每封邮件都附有退订链接。
confirm-already-title = 您已订阅
confirm-already = 此链接已经使用过，无需再次确认。您将收到：
choices-next = 下一期
choices-sections = 栏目
choices-all-sections = 全部栏目
choices-language = 语言
colon = ：

# --- Unsubscribe
unsubscribe-title = 要退订“{ $digest }”吗？
unsubscribe-ask = 退订后，您将不再收到此简报，其他订阅不受影响。
unsubscribe-button = 退订
unsubscribe-address = 要更换邮箱吗？请先用新地址订阅，再在此处退订旧地址。
unsubscribe-address-link = 用其他地址订阅
unsubscribe-done-title = 您已退订“{ $digest }”
unsubscribe-done = 已经发出的邮件可能仍会送达。
unsubscribe-undo = 撤销
unsubscribe-all-ask = 要同时退订其他简报吗？
unsubscribe-all = 退订全部简报
unsubscribe-all-done-title = 您已退订全部简报
unsubscribe-all-done = 我们不会再向您发送简报。您可以随时重新订阅。
unsubscribe-undone-title = 已恢复订阅
unsubscribe-undone = 您将重新收到“{ $digest }”。
unsubscribe-test-title = 退订链接可以正常使用
unsubscribe-test = 此链接来自测试邮件，未更改任何订阅。在正式发送的简报中，收件人可通过此链接退订。

# --- Errors
error-not-found-title = 页面不存在
error-not-found = 请检查网址，或前往首页查看全部订阅源和简报。
error-invalid-token-title = 链接无效
error-invalid-token = 链接可能已过期、已被使用或不完整。如需新的确认链接，请重新订阅。
error-bad-request-title = 请求无效
error-bad-request = 表单内容不完整或无效，请返回重试。
error-forbidden-title = 请求被拒绝
error-forbidden = 该表单来自其他网站。请打开本站页面重新填写。
error-permission-title = 没有权限
error-permission = 您的账号没有执行此操作的权限，请联系管理员。
error-method-not-allowed-title = 不支持的请求方式
error-method-not-allowed = 此网址不支持这种请求方式，请返回首页重新操作。
error-not-acceptable-title = 不支持的编码
error-not-acceptable = 此页面没有您的浏览器或阅读器支持的编码版本。
error-too-large-title = 提交的内容过多
error-too-large = 表单内容超出限制，请返回缩短内容后重试。
error-too-many-requests-title = 请求过于频繁
error-too-many-requests = 来自您所在网络的请求过多，请在 { $minutes } 分钟后重试。
error-too-many-confirmations-title = 请稍后重试
error-too-many-confirmations = 目前订阅的人较多，确认邮件暂时无法发送，请在 10 分钟后重试。
error-failed-title = 出错了
error-failed = 服务器出现问题，请几分钟后重试。

# --- Signing in
login-title = 登录
login-name = 用户名
login-password = 密码
login-button = 登录
login-demo = 登录演示后台
login-help = 还没有密码或忘记了密码？请联系管理员获取设置密码的链接。
login-code = 验证码
login-code-lede = 请输入身份验证器应用显示的验证码。
login-code-recovery = 如果无法使用该应用，请输入一个恢复代码。
login-again = 使用其他账号登录
login-error = 用户名或密码错误。
login-error-code = 验证码错误或已被使用，请等待下一个验证码。
login-error-wait-seconds = 尝试次数过多，请在 { $seconds } 秒后重试。
login-error-wait-minutes = 尝试次数过多，请在 { $minutes } 分钟后重试。
login-provider = 使用{ $provider }登录
error-openid-title = 登录失败
error-openid = 登录未能完成。请返回登录页面重新操作，或联系管理员。
error-openid-unavailable-title = 暂时无法登录
error-openid-unavailable = 登录服务暂时没有响应，请几分钟后重试。
password-title = 设置密码
password-lede = 请为账号“{ $name }”设置密码。
password-new = 新密码
password-hint = 至少 { $count } 个字符
password-repeat = 再次输入新密码
password-present = 当前密码
password-button = 保存密码
password-done-title = 密码已保存
password-done = 现在可以使用新密码登录。
password-error-short = 密码太短，请至少使用 { $count } 个字符。
password-error-long = 密码太长，最多 { $count } 个字符。
password-error-common = 这个密码容易被猜到。请避免使用常见词语、有规律的字符和您的用户名。
password-error-repeat = 两次输入的密码不一致。
password-error-present = 当前密码错误，或尝试次数过多。
error-password-link-title = 链接无效
error-password-link = 链接已过期或已被使用。请联系管理员获取新的链接。

# --- The profile of a user
profile-title = 我的账号
profile-sign-out = 退出登录
profile-role = 角色
profile-digests = 简报
profile-password = 密码
profile-password-hint = 修改密码后，其他浏览器上的登录会全部失效。
role-admin = 管理员
role-editor = 编辑
role-lists = 订阅者管理员
role-viewer = 只读用户
factor-title = 两步验证
factor-off = 开启两步验证后，登录时还需输入手机应用显示的验证码，即使密码泄露，他人也无法登录。
factor-start-button = 设置两步验证
factor-scan = 请用身份验证器应用扫描此二维码，然后输入应用显示的验证码。
factor-qr = 两步验证密钥的二维码
factor-secret = 如果无法扫描，请在应用中手动输入此密钥：
factor-confirm-button = 开启
factor-on = 两步验证已开启。
factor-codes-left = { $count ->
    [0] 恢复代码已全部用完。
   *[other] 还剩 { $count } 个恢复代码。
}
factor-stop = 关闭两步验证
factor-stop-button = 关闭
recovery-title = 两步验证已开启
recovery-lede = 请妥善保存以下恢复代码。手机丢失时，每个代码可用于登录一次。这些代码不会再次显示。
recovery-done = 我已保存这些代码
sessions-title = 已登录的浏览器
sessions-hint = 如有您不认识的登录，请将其结束并修改密码。
sessions-current = （当前浏览器）
sessions-unknown = 未知浏览器
sessions-times = 登录时间：{ $created }，最近使用：{ $used }
sessions-end = 结束

# --- The demo's inbox
mailbox-title = 收件箱
mailbox-lede = 本演示发送的所有邮件都会出现在这里，不会发往别处。
mailbox-empty = 暂无邮件。请在首页订阅，或等待下一期简报。
mailbox-count = { $count } 封邮件
mailbox-shown = 显示最新的 { $count } 封
mailbox-back = 全部邮件
mailbox-from = 发件人
mailbox-to = 收件人
mailbox-date = 日期
mailbox-headers = 全部邮件头
mailbox-html = HTML 版本
mailbox-text = 纯文本版本
mailbox-none = 此邮件没有 HTML 或纯文本内容。

# --- Reference of the API
api-title = API
api-lede = 程序可以通过 HTTP 和 JSON 读取和管理本站内容。
api-token = 每个请求都需要令牌，可用下面的命令创建。客户端以“Authorization: Bearer TOKEN”的形式发送令牌。
api-errors = 错误以 JSON 格式的问题详情（RFC 9457）返回。任何请求都可能返回 400（格式错误）、401（令牌无效）、403（没有权限）、404（资源不存在）、429（请求过多）、500 和 503；带正文的请求还可能返回 413（正文过大）和 415（不是 JSON）；修改请求还可能返回 412（If-Match 指的是另一个版本）和 428（缺少 If-Match）。
api-common = 列表接受参数 limit（每页条数）和 cursor（上一页的 next 值）。POST 请求可以带请求头 Idempotency-Key：用同一个键重复发送，不会再次生效。
api-fields = 每项操作下方依次列出其参数和 JSON 请求体的字段（必填项标有 *）、各状态码的响应以及可以调用的角色。没有示例的操作按上面的方式调用，只需换成相应的方法（-X）和路径。
api-document = 供程序使用的接口描述（OpenAPI 3.1）
api-roles = 角色

# --- The demo's publishing form
publish-title = 发布文章
publish-lede = 文章会立即出现在订阅源中，并列入相应栏目订阅者的下一期简报。
publish-field-title = 标题
publish-field-text = 正文
publish-field-text-hint = 段落之间请空一行。
publish-field-section = 栏目
publish-field-language = 语言
publish-button = 发布
publish-error-title = 请填写标题。
publish-done-title = 已发布
publish-done = 《{ $title }》已出现在订阅源中，并将列入下一期简报。
publish-done-feeds = 查看订阅源
publish-done-again = 再发布一篇
