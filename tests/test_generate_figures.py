"""Numbers and dates that are the same in other notations, and those that are not."""

from __future__ import annotations

import pytest

from rag.generate.figures import figures, missing_figures, values


@pytest.mark.parametrize(
    ("claim", "passage"),
    [
        ("三千人", "3,000 people"),
        ("３０００人", "三千人"),
        ("3000 people", "3 000 personnes"),
        ("百分之三十", "30%"),
        ("30 per cent", "三成"),
        ("35%", "只剩三成半"),
        ("百分之三点五", "3.5 %"),
        ("two hundred and five boats", "205 boats"),
        ("twenty-two years", "22年"),
        ("35 minutes", "every thirty-five minutes"),
        ("470 million yuan", "4.7亿元"),
        ("18,000 tonnes", "1.8万吨"),
        ("一万二千人", "12000人"),
        ("新台币2.6亿元", "新臺幣2億6千萬元"),
        ("4月3日", "on 3 April"),
        ("April 3rd, 2022", "2022年4月3日"),
        ("3. April", "03.04.2022"),
        ("2022-04-03", "3 avril 2022"),
        ("in November", "2022年11月投产"),
        ("二〇二二年", "2022"),
        ("8:30 a.m.", "上午8时30分"),
        ("晚上九点半", "at 21:30"),
        ("20:00", "8 p.m."),
        ("12点15分", "at 12.15 a.m."),
        ("两小时", "2 hours"),
        ("the 31st festival", "第31届"),
        ("1,340 cubic metres", "1.340 Kubikmeter"),
        ("2,5 Meter", "2.5 metres"),
        ("5,200억 원", "520000000000"),
        ("doce barcos", "12 boats"),
    ],
)
def test_the_same_in_another_notation(claim, passage):
    assert missing_figures(claim, values(passage)) == []


@pytest.mark.parametrize(
    ("claim", "passage", "missing"),
    [
        ("三千人", "300 people", ["三千"]),
        ("30%", "30 people", ["30"]),
        ("53个村", "43个村", ["53"]),
        ("4月13日", "4月3日", ["4月13日"]),
        ("3 May", "3 April and 5 May", ["3 may"]),
        ("9:30 a.m.", "8:30 a.m.", ["9:30 a.m."]),
        ("1.8万吨", "1.8吨", ["1.8万"]),
        ("thirty-two years", "twenty-two years", ["thirty-two"]),
        ("2019年", "2009年", ["2019"]),
        ("1.34 metres", "1,340 metres", ["1.34"]),
    ],
)
def test_another_number_is_another_number(claim, passage, missing):
    assert missing_figures(claim, values(passage)) == missing


@pytest.mark.parametrize(
    "claim",
    [
        "一些人",
        "统一管理",
        "十分重要",
        "万一下雨",
        "千家万户",
        "三四个人",
        "one of them",
        "第一",
        "may be",
        "百姓",
        "三分天下",
        "half an hour",
        "a third person",
        "a second later",
        "每周一次",
        "March on",
    ],
)
def test_what_is_no_number_is_not_missed(claim):
    assert figures(claim, strict=True) == []


@pytest.mark.parametrize(
    "text", ["", "9" * 500, "一" * 500, "1.2.3.4.5", "٣٤", "²³", "亿万", "百分之", "99:99", "31.02.9999"]
)
def test_nothing_that_looks_like_a_number_breaks(text):
    figures(text, strict=True)
    values(text)


@pytest.mark.parametrize(
    ("claim", "passage"),
    [
        ("3 April 2022", "2022/04/03"),
        ("2022-04-03", "3 April 2022"),
        ("3 April 2022", "03/04/2022"),
        ("3 April 2022", "04/03/2022"),
        ("3 April 2022", "on 3 April. The year 2022 was wet."),
        ("2022年4月3日", "3 April 2022"),
        ("二〇二二年四月三日", "2022-04-03"),
        ("3 May 2022", "3–5 May 2022"),
        ("7月19日到21日", "del 19 al 21 de julio"),
        ("on Wednesday", "on 6 April 2022"),
        ("on Wednesday", "from Tuesday to Sunday"),
        ("星期三", "周三"),
        ("周日", "日曜日"),
        ("on Sundays", "(日)"),
        ("in May", "5月"),
        ("in May 2022", "2022年5月3日"),
        ("三分之二", "two thirds"),
        ("half of them", "一半"),
        ("half of them", "50%"),
        ("a quarter of them", "25%"),
        ("三分之一", "ein Drittel"),
        ("1/3", "a third"),
        ("3分の1", "三分之一"),
        ("上午8时30分", "8:30 a.m."),
        ("8 p.m.", "20:00"),
        ("at 8", "8 a.m."),
        ("8 a.m.", "open from 8 to 11"),
        ("晚上九点半", "9:30 in the evening"),
        ("9.30 Uhr", "9:30"),
        ("下午5点半", "17:30"),
        ("from 11 to 4", "11:00–16:00"),
        ("7 miles", "7 miles"),
        ("7 km", "7公里"),
        ("700元", "700元"),
        ("$700", "700美元"),
        ("£6,275", "6,275 pounds"),
        ("30 days", "30天"),
        ("3 years", "3年"),
        ("-20 °C", "零下20摄氏度"),
        ("零下20摄氏度到60摄氏度", "-20 °C to 60 °C"),
        ("20 degrees below zero", "-20 °C"),
        ("the second floor", "2楼"),
        ("第二届", "the 2nd festival"),
        ("第三", "the third"),
        ("10-20 people", "10 to 20"),
        ("every Friday", "daily"),
        ("in 2017", "1938 to 2017"),
        ("Mar. 5", "5 March"),
        ("8:30", "8:30 p.m."),
        ("at 12.15", "12:15"),
    ],
)
def test_dates_times_fractions_and_units_in_another_notation(claim, passage):
    assert missing_figures(claim, values(passage)) == []


@pytest.mark.parametrize(
    ("claim", "passage"),
    [
        ("3 April 2022", "3 April 2021 and 5 May 2022"),
        ("2022年4月3日", "2021年4月3日，2022年5月5日"),
        ("on Wednesday", "on Tuesday"),
        ("星期三", "星期二"),
        ("in May", "in March"),
        ("三分之二", "三分之一"),
        ("half of them", "a third of them"),
        ("two thirds", "one third"),
        ("上午8时30分", "下午8时30分"),
        ("8:30 a.m.", "8:30 p.m."),
        ("8 a.m.", "8 p.m."),
        ("晚上8点", "早上8点"),
        ("7 miles", "7 kilometres"),
        ("700元", "700美元"),
        ("$700", "700 euros"),
        ("3 years", "3 months"),
        ("-20 °C", "20 °C"),
        ("20 °C", "-20 °C"),
        ("零下20摄氏度", "20摄氏度"),
        ("第二名", "第三名"),
        ("the second floor", "the third floor"),
        ("3 April", "April"),
        ("5 May 2021", "5 May 2022"),
        ("Mittwoch", "Dienstag"),
        ("水曜日", "火曜日"),
        ("수요일", "화요일"),
        ("en marzo", "en mayo"),
        ("20:30", "8:30 a.m."),
    ],
)
def test_another_date_time_fraction_or_unit_is_another(claim, passage):
    assert missing_figures(claim, values(passage))
