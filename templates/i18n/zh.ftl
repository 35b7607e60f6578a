# 邮件与网页的中文文字。缺少的条目以英文代替。
language-name = 中文

# --- Digest mail
digest-subject = { $digest }：{ $title }
digest-count = { $count } 篇文章
digest-in-browser = 在浏览器中查看
digest-read-more = 阅读全文
digest-more = 本期还有
digest-preheader-more = 等更多内容
digest-reason = 您收到本邮件，是因为您订阅了{ $site }的「{ $digest }」。
digest-sent-to = 收件地址：
digest-unsubscribe = 退订

# --- Confirmation mail
confirm-mail-subject = 请确认订阅：{ $digests }
confirm-mail-title = 只差一步，即可完成订阅
confirm-mail-asked = 有人（希望是您本人）在{ $site }的网页上填写了 { $address }，希望订阅：
confirm-mail-do = 如果这正是您的意愿，请点击确认。链接在 { $days } 天内有效。
confirm-mail-button = 是的，我要订阅
confirm-mail-link = 如果按钮无法点击，请打开以下网址：
confirm-mail-ignore = 不是您本人操作？请忽略本邮件。未经您确认，我们不会发送任何内容，这次申请也会作废。

# --- All pages
page-home = 首页
page-feeds = 订阅源
page-subscribe = 订阅
page-mailbox = 收件箱
page-publish = 发布
page-language = 语言
page-skip = 跳到正文
page-footer = 由 Courant 发布。
page-back = 返回首页

# --- First page
index-title = 新闻随时看，简报按时到
index-lede = 用阅读器关注{ $site }，或者让新闻寄到您的邮箱。
index-digests = 邮件简报
index-digests-how = 简报汇集最新文章，按时寄出。一次点击即可退订。
index-digest-next = 下一期：{ $next }
index-digest-subscribe = 订阅
index-feeds = 订阅源
index-feeds-how = 把订阅源的网址复制到阅读器中，三种格式任选其一。
index-feed-count = { $count ->
    [0] 暂无文章
   *[other] { $count } 篇文章
}
index-feeds-all = 全部订阅源，也可按栏目和语言订阅
index-opml = 全部订阅源（OPML 文件）
index-latest = 最新文章
index-empty = 这里还没有内容。
index-how = 如何运作
index-how-reader = 阅读器会自行获取新闻：没有人知道您的地址，删除订阅源即可离开。
index-how-mail = 订阅简报需要您的邮箱地址和确认；您可以选择感兴趣的栏目和语言。

# --- The demo's strip
demo-title = 这是一个正在运行的演示
demo-next = 下一期简报将在 { $seconds } 秒后寄出。
demo-soon = 一有新文章，下一期简报就会寄出。
demo-mails = { $count ->
    [0] 尚未收到邮件。
   *[other] 已收到 { $count } 封邮件。
}
demo-what = 一所虚构的学院不时发布文章；订阅源立即更新，每分钟的简报把它寄给读者。
demo-mailbox = 打开收件箱
demo-publish = 自己发布一篇

# --- A feed's page
feed-what = 订阅源是给程序读取的网址：阅读器会定时查看，把新文章送到您面前，既不用注册，也不用提供邮箱。
feed-how = 把网址复制到您的阅读器即可；三种格式任选其一，RSS 是所有阅读器都认识的格式。
feed-subscribe = 订阅
feed-private = 此订阅源仅供您和同事使用：任何得到网址的人都能阅读。
feed-copy = 复制
feed-copied = 已复制
feed-holds = 内容
feed-language = 语言
feed-news = 更新方式
feed-push = 支持 WebSub 的阅读器立即收到，其他阅读器在下次查看时收到
feed-poll = 阅读器下次查看时收到
feed-empty = 这里还没有发布文章。
feed-older = 更早的文章
feed-archive = 存档：{ $page }
feed-parts = 只看其中一部分
feed-parts-how = 以下每一项都是独立的订阅源。
feed-site = 用在您自己的网页上
feed-site-how = 把这几行放进网页的 head 部分，阅读器只凭网站地址就能找到订阅源。

# --- All feeds
feeds-title = 订阅源
feeds-none = 这里还没有公开的订阅源。
feeds-chosen = 按主题订阅
feeds-chosen-how = 以下每一项也都是独立的订阅源。
feeds-by-section = 栏目
feeds-by-language = 语言
feeds-by-tag = 标签

# --- Subscribing
subscribe-title = 通过邮件获取新闻
subscribe-lede = 我们会先寄一封邮件确认您的地址；在您确认之前，不会寄出其他内容。
subscribe-address = 您的邮箱地址
subscribe-name = 您的姓名
subscribe-optional = 选填
subscribe-digests = 您想收到什么？
subscribe-sections = 只看这些栏目
subscribe-sections-hint = 不勾选即为全部栏目。
subscribe-language = 使用哪种语言？
subscribe-honeypot = 请勿填写此栏
subscribe-button = 订阅
subscribe-privacy = 您的地址只用于寄送这些邮件，每封邮件都带有退订链接。
subscribe-sent-title = 请查看您的邮箱
subscribe-sent = 我们已向 { $address } 寄出一封邮件。点击其中的按钮，即完成订阅。如果几分钟内没有收到，请看看垃圾邮件文件夹。
subscribe-error-address = “{ $address }”不是可以投递的邮箱地址，请再检查一下。
subscribe-error-digest = 请至少勾选一份简报。
subscribe-error-busy = 您所在的网络请求过多，请过几分钟再试。

# --- Confirming
confirm-title = 确认订阅
confirm-what = 点击按钮后，您将收到：
confirm-button = 是的，我要订阅
confirm-not-me = 不是您本人操作？关闭本页即可。
confirm-done-title = 订阅成功
confirm-done = 从现在起，您将收到{ $digests }。每封邮件都带有退订链接。

# --- Leaving
unsubscribe-title = 退订「{ $digest }」？
unsubscribe-ask = 您将不再收到它。其他简报不受影响。
unsubscribe-button = 退订「{ $digest }」
unsubscribe-left-title = 您已退订「{ $digest }」
unsubscribe-left = 我们不会再寄给您。此刻正在路上的邮件可能仍会送达。
unsubscribe-undo = 点错了，撤销
unsubscribe-all-ask = 您还想退订其他全部简报吗？
unsubscribe-all = 退订全部简报
unsubscribe-left-all-title = 您已退订全部简报
unsubscribe-left-all = 我们不会再给您寄送任何内容。欢迎随时回来。
unsubscribe-undone-title = 欢迎回来
unsubscribe-undone = 您将照常收到「{ $digest }」。

# --- Errors
error-not-found-title = 这里什么都没有
error-not-found = 没有这个网址的页面。订阅源和简报都在首页。
error-token-title = 此链接已失效
error-token = 链接可能已过期、已使用过，或在复制时被截断。请重新订阅以获取新的链接。
error-request-title = 无法读取您的请求
error-request = 浏览器发送的内容不完整，请返回再试一次。
error-failed-title = 我们这边出了问题
error-failed = 问题已被记录，请过几分钟再试。

# --- The demo's mailbox
mailbox-title = 收件箱
mailbox-lede = Courant 在本演示中寄出的每封邮件都会送到这里，不会寄往别处。
mailbox-empty = 还没有邮件。请在首页订阅，或等待下一期简报。
mailbox-count = { $count } 封邮件
mailbox-shown = 显示最新的 { $count } 封
mailbox-back = 全部邮件
mailbox-from = 发件人
mailbox-to = 收件人
mailbox-date = 日期
mailbox-headers = 全部邮件头
mailbox-html = 邮件程序中的样子
mailbox-text = 纯文本
mailbox-none = 这封邮件既没有 HTML，也没有文本。

# --- The demo's publishing
publish-title = 发布文章
publish-lede = 文章立即出现在订阅源中，并进入每位选择了该栏目的读者的下一期简报。
publish-field-title = 标题
publish-field-text = 正文
publish-field-text-hint = 空一行即另起一段。
publish-field-section = 栏目
publish-field-language = 语言
publish-button = 发布
publish-error-title = 文章需要一个标题。
publish-done-title = 已发布
publish-done = 《{ $title }》已进入订阅源，也将出现在下一期简报中。
publish-done-feeds = 在订阅源中查看
publish-done-again = 再发布一篇
