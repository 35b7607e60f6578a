# 管理后台中简报页面的文字。

admin-digest-new = 新建简报
admin-digests-empty = 还没有简报。简报会按计划把新文章发送给订阅者。
admin-schedule = 发送计划
admin-next-date = 下次发送
admin-last-edition = 最近一期
admin-origin = 定义于
admin-origin-database = 数据库
admin-defined-in-file = 此项由 { $place } 定义，在这里只能查看；请在该文件中修改。
admin-preview = 预览
admin-edit = 编辑
admin-history = 历史版本

admin-digest-recipients = 当前收件人数
admin-digest-pending = 有一期已到时间，Courant 运行后会立即生成：
admin-digest-no-dates = 发送计划中没有后续日期。
admin-digest-pauses = 暂停日期：
weekday-short = { $day ->
    [1] 一
    [2] 二
    [3] 三
    [4] 四
    [5] 五
    [6] 六
   *[7] 日
  }
admin-calendar-edition = 发送
admin-calendar-paused = 暂停
admin-digest-next = 下一期的文章
admin-digest-missing = 每期至少需要 { $count } 篇文章；在此之前，这些文章会等到下次发送。
admin-digest-more = 另有 { $count } 篇
admin-digest-no-stories = 没有待发的文章。数据源有新文章后会显示在这里。
admin-left-out = 未列入的文章
admin-left-out-max-age = { $count } 篇早于 { $age }
admin-left-out-already-sent = { $count } 篇已在之前各期发送
admin-left-out-future = { $count } 篇的日期晚于本期
admin-left-out-other-section = { $count } 篇属于其他栏目
admin-left-out-other-tag = { $count } 篇没有所选标签
admin-left-out-other-author = { $count } 篇出自其他作者
admin-left-out-other-language = { $count } 篇使用其他语言
admin-left-out-other-source = { $count } 篇来自其他数据源
admin-left-out-ungrouped = { $count } 篇尚未与译文匹配
admin-left-out-not-chosen = { $count } 篇属于该订阅者未选择的栏目
admin-mail-size = 邮件的 HTML 为 { $size } kB；Gmail 最多显示 { $limit } kB。
admin-mail-clipped = Gmail 会截断这封邮件。请减少完整显示的文章数，或精简模板。
admin-mail-unlisted = 另有 { $count } 篇文章在邮件中只计数、不列出，以免被 Gmail 截断。
admin-audience = 受众
admin-audience-filter = 仅发送给符合条件的订阅者：
admin-audience-language = 语言
admin-audience-section = 所选栏目
admin-audience-empty = 还没有人确认订阅。
admin-language-unknown = 未知
admin-all-sections = 全部栏目
admin-dependents = 依赖此项的内容
admin-depends-subscriptions = { $count } 个订阅
admin-depends-editions = 进行中的期次：{ $names }
admin-depends-hub = { $count } 个即时接收更新的阅读服务（WebSub）
admin-depends-aliases = 旧路径：{ $names }
admin-depends-destinations = 发布目标：{ $names }

admin-preview-title = 《{ $title }》预览
admin-preview-content = 内容
admin-preview-next = 下一期
admin-preview-sample = 最新文章（示例）
admin-preview-last = 最近一期
admin-preview-as = 以某位订阅者的身份
admin-preview-as-nobody = 邮箱地址，可留空
admin-preview-language = 订阅者的语言
admin-preview-show = 显示
admin-preview-facts = 这封邮件
admin-preview-articles = { $count ->
    [0] 其中没有文章。
   *[other] 其中有 { $count } 篇文章。
  }
admin-preview-no-stories = 目前没有待发的文章，以下用最新文章作为示例。
admin-mail-subject = 主题
admin-mail-shown = 邮件
admin-mail-text = 纯文本
admin-mail-source = 源代码
admin-mail-desktop = 电脑
admin-mail-phone = 手机
admin-mail-light = 浅色
admin-mail-dark = 深色
admin-mail-of = 《{ $title }》第 { $id } 期：发送的邮件
admin-mail-sample = 姓名、地址和链接均为示例。
admin-test = 发送测试邮件
admin-test-to = 邮箱地址
admin-test-button = 发送测试邮件
admin-test-queued = 发往 { $address } 的测试邮件已排队，将在几秒内发送。
admin-create = 立即生成一期
admin-create-hint = 将立即发送给 { $count } 位订阅者，其中的文章不会再次发送。原定计划不变。
admin-create-check = 发送给 { $count } 人
admin-create-type = 请输入收件人数：{ $count }
admin-create-button = 生成并发送
admin-create-few = 待发的文章太少，不足以生成一期。
admin-create-nobody = 没有收件人：没有符合受众条件的已确认订阅者。
admin-error-address = 这不是有效的邮箱地址，请按 name@example.org 的格式填写。
admin-error-unknown-address = 没有订阅者使用该地址。
admin-error-suppressed = 该地址在禁发名单中，不会收到邮件。请先将其移出名单。
admin-done-digest-test = 测试邮件已排队，将在几秒内发送。
admin-done-edition-created = 本期已生成，正在发送。
admin-refused-edition-blocked = 未生成：此数据库不得发送邮件。
admin-refused-edition-recipients = 未生成：人数与收件人数不符，请重新核对。
admin-refused-edition-unconfirmed = 未生成：请先确认收件人数。
admin-refused-edition-few = 未生成：待发的文章太少。
admin-refused-edition-conflict = 未生成：同时已有另一期列入了相同的文章。

admin-pause-all = 全部暂停
admin-pause-own = 暂停我的简报
admin-pause-all-confirm = { $editions ->
    [0] 暂停 { $count } 份简报？在您恢复之前，订阅者不会收到任何一期。
   *[other] 暂停 { $count } 份简报和正在发送的 { $editions } 期？在您恢复之前，订阅者不会收到任何一期。
}
admin-resume-all = 全部恢复
admin-resume-own = 恢复我的简报
admin-resume-all-confirm = 恢复 { $count } 份简报，以及随之暂停的各期？
admin-digest-pause = 暂停
admin-digest-resume = 恢复
admin-digest-paused-since = 已暂停，自
admin-digest-paused-effect = 起；恢复之前不会生成或发送任何一期。
admin-digest-paused-dates = 暂停期间没有发送日期。
admin-paused-all = 所有简报均已暂停，不会向订阅者发送任何邮件。
admin-paused-own = 您的简报均已暂停，不会发送其邮件。
admin-paused-some = { $count } 份简报已暂停。
admin-edition-follows-pause = 已随简报一同暂停，恢复简报后会继续发送：
admin-done-digest-paused = 简报已暂停，正在发送的各期也已一同暂停。
admin-done-digest-resumed = 简报已恢复。暂停期间错过的日期不会补发，相关文章会列入下一期。
admin-done-digests-paused = 已全部暂停：恢复之前不会生成或发送任何一期。
admin-done-own-digests-paused = 您的简报已全部暂停：恢复之前不会生成或发送任何一期。
admin-done-digests-resumed = 已全部恢复。暂停期间错过的日期不会补发，相关文章会列入下一期。
admin-done-own-digests-resumed = 您的简报已全部恢复。暂停期间错过的日期不会补发，相关文章会列入下一期。
admin-refused-digest-paused = 未作更改：简报已处于暂停状态。
admin-refused-digest-resumed = 未作更改：简报并未暂停。
admin-refused-edition-paused = 未生成：简报已暂停，请先恢复。

admin-not-addressed = 未列入本期的订阅者
admin-not-addressed-pending = { $count } 人当时尚未确认订阅。
admin-not-addressed-paused = { $count } 人当时已暂停订阅。
admin-not-addressed-unsubscribed = { $count } 人此前已退订。
admin-not-addressed-no-story = { $count } 人所选的栏目在本期没有文章。
admin-not-addressed-suppressed = { $count } 人的邮箱地址当时已被禁发。
admin-not-addressed-audience = { $count } 人不符合该简报的受众条件。
admin-not-addressed-hint = 人数统计于本期生成之时。语言不会使任何人被排除：没有对应语言版本的订阅者会收到首选语言的版本。
admin-not-addressed-nobody = 没有人被排除，所有订阅者都会收到本期。
admin-reception-ask = 查询某人为何收到或未收到
admin-reception-button = 查询
