"""The name of an uploaded file is its sender's: it decides which format is read, and nothing else."""

NAMES = [
    "../../etc/cron.d/x.csv",
    "/etc/passwd",
    "..",
    "x.csv/..",
    "x.\0csv",
    "x." + "é" * 300,
    "x." + "a" * 5_000,
    "x.c\ud800",
    ".csv",
    " ",
]


async def test_a_file_of_any_name_is_read_by_its_ending_or_refused(browser, search_id):
    content = b"Company Name,Email\nGrand Hotel,maria@hotel.example\n"
    await browser.get("/")
    for name in NAMES:
        files = {"file": (name.encode(errors="surrogatepass").decode("latin-1"), content)}
        answer = await browser.post(f"/searches/{search_id}/deliver", {"step": "check"}, files=files)
        assert answer.status_code in {200, 400, 422}, name
        said = ("1 company", "cannot be delivered", "Choose a file", "This cannot be answered")
        assert any(words in answer.text for words in said), answer.text
