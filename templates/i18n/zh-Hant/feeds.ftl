# 管理後台中訂閱來源頁面的文字。

admin-feeds-empty = 還沒有訂閱來源。訂閱來源以 RSS、Atom 和 JSON 格式提供最新文章。
admin-feed-readers-yesterday = 昨天的讀者數
admin-feed-trend = 近 30 天
admin-feed-size = 大小
admin-feed-changed = 最近更新
admin-feed-private = 不公開
admin-feed-page = 讀者頁面
admin-feed-selected = 符合條件的文章
admin-feed-items = 訂閱來源中的文章（最多 { $limit } 篇）
admin-feed-addresses = 網址
admin-feed-secret = 知道這些網址的人都能閱讀此訂閱來源，請只告知有權閱讀的人。
admin-feed-discovery = 加入其他網頁的程式碼
admin-feed-selects = 選取的內容
admin-feed-all = 全部文章。
admin-feed-newest = 最新文章
admin-feed-nothing = 沒有符合條件的文章。請選擇其他欄目或標籤，或等待資料來源下次同步。
admin-feed-section = 欄目：{ $names }
admin-feed-tag = 標籤：{ $names }
admin-feed-author = 作者：{ $names }
admin-feed-language = 語言：{ $names }
admin-feed-source = 資料來源：{ $names }
