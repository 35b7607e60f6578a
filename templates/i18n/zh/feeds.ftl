# 管理后台中订阅源页面的文字。

admin-feeds-empty = 还没有订阅源。订阅源以 RSS、Atom 和 JSON 格式提供最新文章。
admin-feed-readers-yesterday = 昨天的读者数
admin-feed-trend = 近 30 天
admin-feed-size = 大小
admin-feed-changed = 最近更新
admin-feed-private = 不公开
admin-feed-page = 读者页面
admin-feed-selected = 符合条件的文章
admin-feed-items = 订阅源中的文章（最多 { $limit } 篇）
admin-feed-addresses = 网址
admin-feed-secret = 知道这些网址的人都能阅读此订阅源，请只告知有权阅读的人。
admin-feed-discovery = 加入其他网页的代码
admin-feed-selects = 选取的内容
admin-feed-all = 全部文章。
admin-feed-newest = 最新文章
admin-feed-nothing = 没有符合条件的文章。请选择其他栏目或标签，或等待数据源下次同步。
admin-feed-section = 栏目：{ $names }
admin-feed-tag = 标签：{ $names }
admin-feed-author = 作者：{ $names }
admin-feed-language = 语言：{ $names }
admin-feed-source = 数据源：{ $names }
