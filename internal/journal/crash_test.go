package journal_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ediport/ediport/internal/journal"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// childPath is the variable that makes the test program the child of the crash
// test, and tells it where its journal is; childFirst is its first number.
const (
	childPath  = "EDIPORT_JOURNAL_CHILD"
	childFirst = "EDIPORT_JOURNAL_FIRST"
)

func numbered(n int64) journal.FileID {
	return journal.FileID{Name: fmt.Sprintf("%012d", n), Date: "20261120", Time: "1200000001", Originator: "A", Destination: "B"}
}

// child works with a journal until it is killed, and says on its standard
// output what has been committed. For each number it receives a file and owes a
// receipt in one commit ("owed"), then in another settles it and notes a file as
// sent ("done").
func child() {
	path := os.Getenv(childPath)
	if path == "" {
		return
	}
	var first int64
	fmt.Sscan(os.Getenv(childFirst), &first)
	var next atomic.Int64
	next.Store(first)
	j, err := journal.Open(path)
	if err != nil {
		fmt.Println("failed", err)
		os.Exit(1)
	}
	fmt.Println("open")
	for range 8 {
		go func() {
			for {
				work(j, next.Add(1))
			}
		}()
	}
	select {} // until the parent kills this process
}

func work(j journal.Journal, n int64) {
	ctx, partner := context.Background(), fmt.Sprintf("P%d", n%3)
	err := j.Commit(ctx,
		journal.Received{File: numbered(n), Partner: partner, Path: "in"},
		journal.Receipt{File: numbered(n), Partner: partner})
	say(err, "owed", n)
	o, found, err := j.Take(ctx, partner, nil)
	if err == nil && found {
		err = j.Commit(ctx, o.Settled(), journal.Sent{File: o.File, Partner: partner, State: journal.Offered})
		m, _ := strconv.ParseInt(o.File.Name, 10, 64)
		say(err, "done", m)
	}
}

var saying sync.Mutex

func say(err error, what string, n int64) {
	saying.Lock()
	defer saying.Unlock()
	if err != nil {
		fmt.Println("failed", err)
		os.Exit(1)
	}
	fmt.Println(what, n)
}

// TestNothingIsLostWhenTheProcessIsKilled kills a process that uses a journal,
// at random moments, also while the journal is made or opened. With EDIPORT_LONG
// set it does so 1,000 times. It cannot show what a loss of power does.
func TestNothingIsLostWhenTheProcessIsKilled(t *testing.T) {
	t.Parallel()
	rounds := 15
	if os.Getenv("EDIPORT_LONG") != "" {
		rounds = 1000
	}
	path := filepath.Join(t.TempDir(), "journal")
	owed, done, acknowledged := map[int64]bool{}, map[int64]bool{}, 0
	for round := range rounds {
		if round%20 == 19 { // small files have other trees than large ones
			path = filepath.Join(t.TempDir(), "journal")
			acknowledged += len(owed)
			clear(owed)
			clear(done)
		}
		kill(t, path, int64(round)<<32, owed, done)
		check(t, path, owed, done)
		if t.Failed() {
			return
		}
	}
	acknowledged += len(owed)
	assert.Greater(t, acknowledged, rounds, "the child was not killed before it did anything")
	t.Log(acknowledged, "commits acknowledged")
}

// kill starts a child and kills it. It notes what the child has acknowledged.
func kill(t *testing.T, path string, first int64, owed, done map[int64]bool) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childPath+"="+path, fmt.Sprintf("%s=%d", childFirst, first))
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	// The moment of the kill is what the test is about, so the clock decides it.
	killer := time.AfterFunc(time.Duration(rand.IntN(60_000))*time.Microsecond, func() { cmd.Process.Kill() })
	defer killer.Stop()

	lines := bufio.NewReader(out)
	for {
		line, err := lines.ReadString('\n')
		if err != nil { // half a line is nothing acknowledged
			require.ErrorIs(t, err, io.EOF)
			break
		}
		var what string
		var n int64
		switch fmt.Sscan(line, &what, &n); what {
		case "open":
		case "owed":
			owed[n] = true
		case "done":
			done[n] = true
		default:
			assert.Fail(t, "the child failed", line)
		}
	}
	var exit *exec.ExitError
	require.True(t, errors.As(cmd.Wait(), &exit), "killed")
}

// check opens the journal and compares it with what was acknowledged. What was
// not may be there or not, but only whole.
func check(t *testing.T, path string, owed, done map[int64]bool) {
	t.Helper()
	j, err := journal.Open(path)
	require.NoError(t, err)
	defer func() { require.NoError(t, j.Close()) }()
	receipts, sent := map[string]int{}, map[string]int{}
	for o, err := range j.Receipts(t.Context(), "") {
		require.NoError(t, err)
		receipts[o.File.Name]++
		_, found, err := j.Received(t.Context(), o.File)
		require.NoError(t, err)
		assert.True(t, found, "%s: a receipt is owed for a file that was not received", o.File.Name)
	}
	for s, err := range j.AllSent(t.Context()) {
		require.NoError(t, err)
		sent[s.File.Name]++
		assert.Zero(t, receipts[s.File.Name], "%s: done by half", s.File.Name)
	}
	for n := range owed {
		name := numbered(n).Name
		_, found, err := j.Received(t.Context(), numbered(n))
		require.NoError(t, err)
		assert.True(t, found, "%s: the file is lost", name)
		assert.Equal(t, 1, receipts[name]+sent[name], "%s: the receipt is lost", name)
	}
	for n := range done {
		assert.Equal(t, 1, sent[numbered(n).Name], "%d: the delivery is lost", n)
	}
}
