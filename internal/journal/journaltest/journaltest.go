// Package journaltest holds the tests that every implementation of
// [journal.Journal] must pass. Those that survive the process have to show that
// with tests of their own.
package journaltest

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"sync"
	"testing"
	"time"

	"github.com/ediport/ediport/internal/journal"
	"github.com/ediport/ediport/internal/trap"
)

// cases are the tests, by name.
var cases = map[string]func(*testing.T, journal.Journal){
	"an empty journal":                       empty,
	"receipts come oldest first":             order,
	"partners have queues of their own":      partners,
	"what is lent is not lent again":         lending,
	"what is returned has its old place":     returning,
	"receipts that are not wanted wait":      wanting,
	"a held receipt is completed":            holding,
	"a receipt keeps all of its fields":      receipt,
	"a file is received once":                once,
	"a file is received again if that is so": again,
	"one change that fails undoes the rest":  allOrNothing,
	"answers raise the state of a file":      answers,
	"the first end response counts":          firstAnswer,
	"answers to unknown files":               unknownAnswer,
	"a file is sent once more":               resent,
	"restart points":                         restarts,
	"pruning":                                pruning,
	"long lists":                             longLists,
	"changes that are none":                  invalid,
	"identities do not run into one another": identities,
	"contexts that have ended":               contexts,
	"closing":                                closing,
	"many goroutines":                        crowd,
}

// Run tests journals that open returns, each of them empty. The test closes
// them.
func Run(t *testing.T, open func(t *testing.T) journal.Journal) {
	t.Helper()
	for name, test := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			j := open(t)
			test(t, j)
			ok(t, j.Close())
		})
	}
}

const partner = "O0013PARTNER"

// noon is a time that all systems keep as it is.
var noon = time.Date(2026, 11, 20, 12, 0, 0, 123456789, time.UTC)

// file returns the identity of file n.
func file(n int) journal.FileID {
	return journal.FileID{
		Name: fmt.Sprintf("FILE%d", n), Date: "20261120", Time: fmt.Sprintf("120000%04d", n%10_000),
		Originator: "O0013THEIRS", Destination: "O0013OURS",
	}
}

func owed(n int) journal.Receipt {
	return journal.Receipt{Partner: partner, File: file(n), Owed: noon}
}

func received(n int, at time.Time) journal.Received {
	return journal.Received{File: file(n), Partner: partner, Path: fmt.Sprintf("in/%d", n), At: at}
}

func sent(n int, s journal.State, at time.Time) journal.Sent {
	return journal.Sent{File: file(n), Partner: partner, Path: fmt.Sprintf("out/%d", n), State: s, At: at}
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func equal[T any](t *testing.T, want, got T) {
	t.Helper()
	if !reflect.DeepEqual(want, got) {
		t.Fatalf("want %+v\n got %+v", want, got)
	}
}

// code checks that an error is of the library's type, and which.
func code(t *testing.T, want int, err error) {
	t.Helper()
	e, typed := errors.AsType[*trap.Error](err)
	if !typed || e.Code != want {
		t.Fatalf("want code %d, got %v", want, err)
	}
}

func commit(t *testing.T, j journal.Journal, changes ...journal.Change) {
	t.Helper()
	ok(t, j.Commit(t.Context(), changes...))
}

// take returns the number of the file whose receipt it takes, -1 for none.
func take(t *testing.T, j journal.Journal) (int, journal.Owed) {
	t.Helper()
	o, found, err := j.Take(t.Context(), partner, nil)
	ok(t, err)
	if !found {
		return -1, o
	}
	return number(t, o.File), o
}

func number(t *testing.T, id journal.FileID) (n int) {
	t.Helper()
	_, err := fmt.Sscanf(id.Name, "FILE%d", &n)
	ok(t, err)
	return n
}

// queue lists the files whose receipts are owed.
func queue(t *testing.T, j journal.Journal, partner string) (files []int) {
	t.Helper()
	for o, err := range j.Receipts(t.Context(), partner) {
		ok(t, err)
		files = append(files, number(t, o.File))
	}
	return files
}

func empty(t *testing.T, j journal.Journal) {
	n, _ := take(t, j)
	equal(t, -1, n)
	_, found, err := j.Received(t.Context(), file(1))
	ok(t, err)
	equal(t, false, found)
	_, found, err = j.Sent(t.Context(), file(1))
	ok(t, err)
	equal(t, false, found)
	_, found, err = j.Restart(t.Context(), journal.RestartKey{Partner: partner, File: file(1)})
	ok(t, err)
	equal(t, false, found)
	for range j.AllSent(t.Context()) {
		t.Fatal("a file was sent")
	}
	for range j.Restarts(t.Context()) {
		t.Fatal("a transfer is under way")
	}
	equal(t, nil, queue(t, j, ""))
	pruned, err := j.Prune(t.Context(), journal.Horizon{Received: noon, Answered: noon, Unanswered: noon, Restarts: noon})
	ok(t, err)
	equal(t, 0, pruned)
	commit(t, j)
	commit(t, j, journal.Settled{Partner: partner, Number: 7}, journal.RestartDone{RestartKey: journal.RestartKey{Partner: partner, File: file(1)}})
	j.Return()
	j.Return(journal.Owed{Receipt: owed(1), Number: 7})
}

func order(t *testing.T, j journal.Journal) {
	commit(t, j, owed(3), owed(1))
	commit(t, j, owed(2))
	equal(t, []int{3, 1, 2}, queue(t, j, partner))
	for _, want := range []int{3, 1, 2} {
		n, o := take(t, j)
		equal(t, want, n)
		commit(t, j, o.Settled())
	}
	equal(t, nil, queue(t, j, partner))
	commit(t, j, owed(4))
	n, _ := take(t, j)
	equal(t, 4, n)
}

func partners(t *testing.T, j journal.Journal) {
	for i, p := range []string{"A", "AB", "B", "\x01A", "\x00"} {
		r := owed(i)
		r.Partner = p
		commit(t, j, r)
	}
	equal(t, []int{0}, queue(t, j, "A"))
	equal(t, []int{1}, queue(t, j, "AB"))
	equal(t, nil, queue(t, j, "ABC"))
	equal(t, 5, len(queue(t, j, "")))
	o, found, err := j.Take(t.Context(), "B", nil)
	ok(t, err)
	equal(t, true, found)
	equal(t, "B", o.Partner)
	commit(t, j, journal.Settled{Partner: "A", Number: o.Number})
	equal(t, []int{2}, queue(t, j, "B"))
}

func lending(t *testing.T, j journal.Journal) {
	commit(t, j, owed(1), owed(2))
	n, first := take(t, j)
	equal(t, 1, n)
	n, _ = take(t, j)
	equal(t, 2, n)
	n, _ = take(t, j)
	equal(t, -1, n)
	equal(t, []int{1, 2}, queue(t, j, partner))
	commit(t, j, first.Settled())
	equal(t, []int{2}, queue(t, j, partner))
}

func returning(t *testing.T, j journal.Journal) {
	commit(t, j, owed(1), owed(2), owed(3))
	_, first := take(t, j)
	_, second := take(t, j)
	j.Return(second, first)
	commit(t, j, owed(4))
	for _, want := range []int{1, 2, 3, 4} {
		n, _ := take(t, j)
		equal(t, want, n)
	}
}

func wanting(t *testing.T, j journal.Journal) {
	negative := owed(1)
	negative.Reason = 99
	commit(t, j, negative, owed(2))
	positive := func(r journal.Receipt) bool { return r.Reason == 0 }
	o, found, err := j.Take(t.Context(), partner, positive)
	ok(t, err)
	equal(t, true, found)
	equal(t, 2, number(t, o.File))
	_, found, err = j.Take(t.Context(), partner, positive)
	ok(t, err)
	equal(t, false, found)
	n, _ := take(t, j)
	equal(t, 1, n)
}

func holding(t *testing.T, j journal.Journal) {
	held := owed(1)
	held.Held = true
	commit(t, j, held, owed(2))
	n, _ := take(t, j)
	equal(t, 2, n)
	n, _ = take(t, j)
	equal(t, -1, n)

	isHeld := func(r journal.Receipt) bool { return r.Held }
	o, found, err := j.Take(t.Context(), partner, isHeld)
	ok(t, err)
	equal(t, true, found)
	_, found, err = j.Take(t.Context(), partner, isHeld)
	ok(t, err)
	equal(t, false, found)

	complete := o.Receipt
	complete.Held, complete.Hash = false, []byte{1, 2}
	commit(t, j, o.Settled(), complete)
	_, got := take(t, j)
	equal(t, complete, got.Receipt)
}

func receipt(t *testing.T, j journal.Journal) {
	full := journal.Receipt{
		Partner: partner, File: file(1), User: "USER", Reason: 34, ReasonText: "reason \x00\xff", Creator: "O0013OURS",
		Hash: []byte{0, 1, 2}, Signature: make([]byte, 65_535), Held: true, Owed: noon,
	}
	full.Signature[17] = 1
	commit(t, j, full)
	full.Signature[17] = 2 // the caller's own
	check := func(r journal.Receipt) {
		t.Helper()
		equal(t, byte(1), r.Signature[17])
		r.Signature[17] = 2
		equal(t, full, r)
	}
	for range 2 {
		for o, err := range j.Receipts(t.Context(), partner) {
			ok(t, err)
			check(o.Receipt)
		}
	}
	o, _, err := j.Take(t.Context(), partner, func(journal.Receipt) bool { return true })
	ok(t, err)
	check(o.Receipt)

	zero := journal.Receipt{Partner: "other", File: journal.FileID{Name: "x"}}
	commit(t, j, zero)
	o, _, err = j.Take(t.Context(), "other", nil)
	ok(t, err)
	equal(t, true, o.Owed.IsZero())
	equal(t, zero, o.Receipt)
}

func once(t *testing.T, j journal.Journal) {
	commit(t, j, received(1, noon), owed(1))
	got, found, err := j.Received(t.Context(), file(1))
	ok(t, err)
	equal(t, true, found)
	equal(t, received(1, noon), got)

	code(t, journal.CodeKnown, j.Commit(t.Context(), received(1, noon.Add(1)), owed(1)))
	code(t, journal.CodeKnown, j.Commit(t.Context(), received(2, noon), received(2, noon)))
	equal(t, []int{1}, queue(t, j, partner))
	_, found, err = j.Received(t.Context(), file(2))
	ok(t, err)
	equal(t, false, found)
}

func again(t *testing.T, j journal.Journal) {
	commit(t, j, received(1, noon))
	second := received(1, noon.Add(time.Hour))
	second.Path, second.Again = "in/other", true
	commit(t, j, second)
	got, _, err := j.Received(t.Context(), file(1))
	ok(t, err)
	second.Again = false
	equal(t, second, got)
}

func allOrNothing(t *testing.T, j journal.Journal) {
	commit(t, j, received(1, noon), owed(1), sent(5, journal.Offered, noon))
	_, lent := take(t, j)
	key := journal.RestartKey{Partner: partner, File: file(9)}
	code(t, journal.CodeKnown, j.Commit(t.Context(),
		owed(2), lent.Settled(), sent(6, journal.Offered, noon), journal.RestartPoint{RestartKey: key},
		journal.Answer{File: file(5), State: journal.Accepted}, received(3, noon), received(1, noon)))
	equal(t, []int{1}, queue(t, j, partner))
	_, found, err := j.Received(t.Context(), file(3))
	ok(t, err)
	equal(t, false, found)
	_, found, err = j.Sent(t.Context(), file(6))
	ok(t, err)
	equal(t, false, found)
	_, found, err = j.Restart(t.Context(), key)
	ok(t, err)
	equal(t, false, found)
	s, _, err := j.Sent(t.Context(), file(5))
	ok(t, err)
	equal(t, journal.Offered, s.State)
	n, _ := take(t, j)
	equal(t, -1, n) // it is lent still
}

func answers(t *testing.T, j journal.Journal) {
	commit(t, j, sent(1, journal.Offered, noon), sent(2, journal.Accepted, noon))
	got, found, err := j.Sent(t.Context(), file(1))
	ok(t, err)
	equal(t, true, found)
	equal(t, sent(1, journal.Offered, noon), got)

	commit(t, j, journal.Answer{File: file(1), State: journal.Accepted, At: noon.Add(1)})
	commit(t, j, journal.Answer{
		File: file(1), State: journal.Refused, At: noon.Add(2), Reason: 25, ReasonText: "text", Creator: "O0013THEIRS",
	})
	got, _, err = j.Sent(t.Context(), file(1))
	ok(t, err)
	want := sent(1, journal.Refused, noon)
	want.AnsweredAt, want.Reason, want.ReasonText, want.Creator = noon.Add(2), 25, "text", "O0013THEIRS"
	equal(t, want, got)

	unanswered := 0
	for s, err := range j.AllSent(t.Context()) {
		ok(t, err)
		if s.State < journal.Acknowledged {
			equal(t, file(2), s.File)
			unanswered++
		}
	}
	equal(t, 1, unanswered)
}

func firstAnswer(t *testing.T, j journal.Journal) {
	commit(t, j, sent(1, journal.Offered, noon), journal.Answer{File: file(1), State: journal.Acknowledged, At: noon})
	for _, s := range []journal.State{journal.Accepted, journal.Acknowledged, journal.Refused} {
		commit(t, j, journal.Answer{File: file(1), State: s, At: noon.Add(time.Hour), Reason: 99})
	}
	got, _, err := j.Sent(t.Context(), file(1))
	ok(t, err)
	want := sent(1, journal.Acknowledged, noon)
	want.AnsweredAt = noon
	equal(t, want, got)
}

func unknownAnswer(t *testing.T, j journal.Journal) {
	commit(t, j, journal.Answer{File: file(1), State: journal.Acknowledged, At: noon})
	_, found, err := j.Sent(t.Context(), file(1))
	ok(t, err)
	equal(t, false, found)
}

func resent(t *testing.T, j journal.Journal) {
	commit(t, j, sent(1, journal.Offered, noon), journal.Answer{File: file(1), State: journal.Refused, At: noon, Reason: 3})
	commit(t, j, sent(1, journal.Offered, noon.Add(time.Hour)))
	got, _, err := j.Sent(t.Context(), file(1))
	ok(t, err)
	equal(t, sent(1, journal.Offered, noon.Add(time.Hour)), got)
}

func restarts(t *testing.T, j journal.Journal) {
	key := journal.RestartKey{Partner: partner, File: file(1)}
	other := key
	other.Outgoing = true
	point := journal.RestartPoint{RestartKey: key, Path: "in/1", Stored: "in/.part", Position: 1 << 40, At: noon}
	commit(t, j, point, journal.RestartPoint{RestartKey: other, At: noon})
	point.Position++
	commit(t, j, point)
	got, found, err := j.Restart(t.Context(), key)
	ok(t, err)
	equal(t, true, found)
	equal(t, point, got)

	count := 0
	for _, err := range j.Restarts(t.Context()) {
		ok(t, err)
		count++
	}
	equal(t, 2, count)
	commit(t, j, journal.RestartDone{RestartKey: other})
	_, found, err = j.Restart(t.Context(), other)
	ok(t, err)
	equal(t, false, found)
	_, found, err = j.Restart(t.Context(), key)
	ok(t, err)
	equal(t, true, found)
}

func pruning(t *testing.T, j journal.Journal) {
	early := noon.Add(-time.Hour)
	fill := func(n int, at time.Time) {
		done := sent(n, journal.Acknowledged, early.Add(-time.Hour)) // the answer's age counts
		done.AnsweredAt = at
		commit(t, j, owed(n), received(n, at), done, sent(n+100, journal.Accepted, at),
			journal.RestartPoint{RestartKey: journal.RestartKey{Partner: partner, File: file(n)}, At: at})
	}
	fill(1, early)
	fill(2, noon)
	prune := func(want int, h journal.Horizon) {
		t.Helper()
		n, err := j.Prune(t.Context(), h)
		ok(t, err)
		equal(t, want, n)
	}
	prune(0, journal.Horizon{})
	prune(1, journal.Horizon{Received: noon})
	prune(1, journal.Horizon{Answered: noon})
	prune(1, journal.Horizon{Unanswered: noon})
	prune(1, journal.Horizon{Restarts: noon})
	prune(0, journal.Horizon{Received: noon, Answered: noon, Unanswered: noon, Restarts: noon})
	equal(t, []int{1, 2}, queue(t, j, partner))
	_, found, err := j.Received(t.Context(), file(2))
	ok(t, err)
	equal(t, true, found)
	commit(t, j, received(1, noon)) // nothing is left of it
}

func longLists(t *testing.T, j journal.Journal) {
	const many = 700
	var changes []journal.Change
	for i := range many {
		changes = append(changes, owed(i), received(i, noon))
	}
	commit(t, j, changes...)
	want := 0
	for o, err := range j.Receipts(t.Context(), partner) {
		ok(t, err)
		equal(t, want, number(t, o.File))
		want++
		if want%2 == 0 {
			commit(t, j, o.Settled()) // loops may use the journal
		}
	}
	equal(t, many, want)
	equal(t, many/2, len(queue(t, j, partner)))
	for range j.Receipts(t.Context(), partner) {
		break
	}
	n, err := j.Prune(t.Context(), journal.Horizon{Received: noon.Add(1)})
	ok(t, err)
	equal(t, many, n)
}

func invalid(t *testing.T, j journal.Journal) {
	long := string(make([]byte, 70_000))
	nameless, reason, hash, lost := owed(1), owed(1), owed(1), owed(1)
	nameless.File.Name = ""
	reason.Reason = 100
	hash.Hash = make([]byte, 70_000)
	lost.Partner = ""
	wide := received(1, noon)
	wide.Path = long
	name := received(1, noon)
	name.File.Name = long
	negative := sent(1, journal.Offered, noon)
	negative.Reason = -1
	for _, c := range []journal.Change{
		nil, nameless, reason, hash, lost, wide, name, negative,
		sent(1, 0, noon), sent(1, journal.Refused+1, noon),
		journal.Answer{File: file(1), State: journal.Offered},
		journal.Answer{File: file(1), State: journal.Accepted, ReasonText: long},
		journal.Settled{Partner: long}, journal.Settled{},
		journal.RestartPoint{RestartKey: journal.RestartKey{Partner: partner, File: file(1)}, Position: -1},
		journal.RestartDone{}, &journal.Receipt{Partner: partner, File: file(1)},
	} {
		code(t, trap.CodeInvalidArgument, j.Commit(t.Context(), owed(2), c))
	}
	equal(t, nil, queue(t, j, ""))
}

func identities(t *testing.T, j journal.Journal) {
	ids := []journal.FileID{
		{Name: "A", Date: "BC"}, {Name: "AB", Date: "C"}, {Name: "ABC"}, {Name: "A", Date: "B", Time: "C"},
		{Name: "A", Originator: "B"}, {Name: "A", Destination: "B"}, {Name: "a", Date: "BC"}, {Name: "A", Date: "BC "},
	}
	for _, id := range ids {
		commit(t, j, journal.Received{File: id, Partner: partner, Path: fmt.Sprint(id)})
	}
	for _, id := range ids {
		got, _, err := j.Received(t.Context(), id)
		ok(t, err)
		equal(t, fmt.Sprint(id), got.Path)
	}
}

func contexts(t *testing.T, j journal.Journal) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	code(t, trap.CodeInterrupted, j.Commit(ctx, owed(1)))
	_, _, err := j.Take(ctx, partner, nil)
	code(t, trap.CodeInterrupted, err)
	_, _, err = j.Received(ctx, file(1))
	code(t, trap.CodeInterrupted, err)
	for _, err := range j.Receipts(ctx, partner) {
		code(t, trap.CodeInterrupted, err)
	}
	late, cancel := context.WithDeadline(t.Context(), noon.AddDate(-20, 0, 0))
	defer cancel()
	_, err = j.Prune(late, journal.Horizon{})
	code(t, trap.CodeTimedOut, err)
	equal(t, nil, queue(t, j, partner))
}

func closing(t *testing.T, j journal.Journal) {
	commit(t, j, owed(1))
	_, o := take(t, j)
	ok(t, j.Close())
	closed := journal.ErrClosed.Code
	code(t, closed, j.Commit(t.Context(), owed(2)))
	_, _, err := j.Take(t.Context(), partner, nil)
	code(t, closed, err)
	_, _, err = j.Sent(t.Context(), file(1))
	code(t, closed, err)
	_, err = j.Prune(t.Context(), journal.Horizon{})
	code(t, closed, err)
	count := 0
	for _, err := range j.Receipts(t.Context(), "") {
		code(t, closed, err)
		count++
	}
	equal(t, 1, count)
	j.Return(o)
	ok(t, j.Close())
}

// crowd has many sessions use the journal at once. Every file is received by
// one of two that try, and every receipt is sent once.
func crowd(t *testing.T, j journal.Journal) {
	const sessions, files = 8, 20
	var wg sync.WaitGroup
	var mu sync.Mutex
	accepted, delivered := map[int]int{}, map[int]int{}
	for s := range sessions {
		wg.Go(func() {
			for i := range files {
				n := s/2*files + i
				err := j.Commit(t.Context(), received(n, noon), owed(n))
				if err == nil {
					mu.Lock()
					accepted[n]++
					mu.Unlock()
				} else if !errors.Is(err, journal.ErrKnown) {
					t.Error(err)
				}
				o, found, err := j.Take(t.Context(), partner, nil)
				if err != nil || !found {
					continue
				}
				if i%3 == 0 {
					j.Return(o)
					continue
				}
				if err := j.Commit(t.Context(), o.Settled()); err != nil {
					t.Error(err)
				}
				mu.Lock()
				delivered[number(t, o.File)]++
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	for _, n := range queue(t, j, "") {
		delivered[n]++
	}
	equal(t, sessions/2*files, len(accepted))
	for _, times := range accepted {
		equal(t, 1, times)
	}
	equal(t, accepted, delivered)
}
