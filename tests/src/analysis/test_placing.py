"""Where requests go in one block of memory."""

from tflint.analysis.placing import Layout, rounded_up


def test_sizes_are_rounded_up_to_the_alignment() -> None:
    assert [rounded_up(size, 16) for size in (0, 1, 16, 17)] == [0, 16, 16, 32]


def test_what_is_never_alive_at_once_shares_its_place() -> None:
    layout = Layout(1, best_fit=False)
    assert [layout.place(10, 0, 1), layout.place(20, 2, 3), layout.place(5, 1, 2)] == [0, 0, 20]
    assert layout.byte_size == 25


def test_the_first_gap_or_the_smallest_one_is_taken() -> None:
    for best_fit, expected in ((False, 0), (True, 50)):
        layout = Layout(1, best_fit=best_fit)
        layout.put(30, 20, 0, 9)
        layout.put(60, 10, 0, 9)
        assert layout.place(10, 0, 9) == expected
        assert layout.place(31, 0, 9) == 70


def test_a_gap_that_fits_to_the_byte_is_as_good_as_it_gets() -> None:
    layout = Layout(1, best_fit=True)
    for offset in (10, 30, 45):
        layout.put(offset, 10, 0, 0)
    assert layout.place(5, 0, 0) == 40


def test_gaps_start_at_multiples_of_the_alignment() -> None:
    layout = Layout(64, best_fit=True)
    layout.put(0, 10, 0, 0)
    layout.put(128, 10, 0, 0)
    assert layout.place(64, 0, 0) == 64
    assert layout.place(65, 0, 0) == 192


def test_a_later_gap_wins_only_if_its_aligned_size_is_below_the_full_size_of_the_earlier_one() -> None:
    layout = Layout(64, best_fit=True)
    layout.put(0, 10, 0, 0)  # a gap of 64 usable bytes of 118
    layout.put(128, 64, 0, 0)  # a gap of 100 usable bytes
    layout.put(292, 10, 0, 0)
    assert layout.place(20, 0, 0) == 192


def test_long_lives_and_short_ones_meet_in_large_graphs() -> None:
    layout = Layout(1, best_fit=False)
    for time in range(3000):
        assert layout.place(4, time, time + 1) == 4 * (time % 2)
    assert layout.place(4, 0, 1 << 40) == 8
    assert layout.place(4, 5, 5) == 12
    assert layout.place(4, 0, 1100) == 16
    for _ in range(20):
        layout.place(1, 0, 1 << 40)
    assert layout.byte_size == 40
