package trust

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
)

// lump is an answer that takes as many octets as it says.
type lump int

func (l lump) size() int { return int(l) }

// asker asks memories and counts.
type asker struct {
	*clock
	asked  atomic.Int32
	answer func(context.Context) (lump, time.Time, error)
}

func (a *asker) about(key string) question[lump] {
	return question[lump]{key: key, now: a.now, limit: maxTime, ask: func(ctx context.Context) (lump, time.Time, error) {
		a.asked.Add(1)
		return a.answer(ctx)
	}}
}

func TestMemoryUntilTheNextUpdate(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		until time.Time
		err   error
		holds time.Duration
	}{
		"an answer":                       {noon.Add(time.Hour), nil, time.Hour},
		"an answer without a next update": {time.Time{}, nil, time.Minute},
		"a failure":                       {noon.Add(time.Hour), errors.New("no"), time.Minute},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var m memory[lump]
			a := &asker{clock: newClock(), answer: func(context.Context) (lump, time.Time, error) { return 7, c.until, c.err }}
			for _, step := range []struct {
				wait  time.Duration
				asked int32
			}{{0, 1}, {0, 1}, {c.holds - time.Second, 1}, {time.Second, 2}} {
				a.advance(step.wait)
				v, err := m.answer(t.Context(), a.about("key"))
				assert.Equal(t, lump(7), v)
				assert.Equal(t, c.err, err)
				assert.Equal(t, step.asked, a.asked.Load())
			}
		})
	}
}

func TestMemorySharesARequest(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var m memory[lump]
		release, got := make(chan struct{}), make(chan lump, 50)
		a := &asker{clock: newClock(), answer: func(context.Context) (lump, time.Time, error) {
			<-release
			return 7, noon.Add(time.Hour), nil
		}}
		for range cap(got) {
			go func() {
				v, _ := m.answer(t.Context(), a.about("key"))
				got <- v
			}()
		}
		synctest.Wait()
		assert.EqualValues(t, 1, a.asked.Load())
		close(release)
		for range cap(got) {
			assert.Equal(t, lump(7), <-got)
		}
		assert.EqualValues(t, 1, a.asked.Load())
	})
}

func TestMemoryGoesOnWithoutTheFirstCaller(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var m memory[lump]
		release := make(chan struct{})
		a := &asker{clock: newClock(), answer: func(ctx context.Context) (lump, time.Time, error) {
			<-release
			return 7, noon.Add(time.Hour), ctx.Err()
		}}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := m.answer(ctx, a.about("key"))
		assert.ErrorIs(t, err, context.Canceled)
		close(release)
		v, err := m.answer(t.Context(), a.about("key"))
		assert.NoError(t, err)
		assert.Equal(t, lump(7), v)
		assert.EqualValues(t, 1, a.asked.Load())
	})
}

func TestMemoryBoundsRequests(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var m memory[lump]
		a := &asker{clock: newClock(), answer: func(ctx context.Context) (lump, time.Time, error) {
			<-ctx.Done()
			return 0, time.Time{}, ctx.Err()
		}}
		const callers = maxAsking + 3
		faults := make(chan error, callers)
		for i := range callers {
			go func() {
				_, err := m.answer(t.Context(), a.about(fmt.Sprint(i)))
				faults <- err
			}()
		}
		synctest.Wait()
		assert.EqualValues(t, maxAsking, a.asked.Load())
		for range callers { // those who waited have run out of time as well
			assert.ErrorIs(t, <-faults, context.DeadlineExceeded)
		}
	})
}

func TestMemoryIsBounded(t *testing.T) {
	t.Parallel()
	var m memory[lump]
	until := noon.Add(time.Hour)
	a := &asker{clock: newClock()}
	a.answer = func(context.Context) (lump, time.Time, error) { return memoryLimit / 4, until, nil }
	ask := func(key string) {
		_, err := m.answer(t.Context(), a.about(key))
		assert.NoError(t, err)
	}
	for _, key := range []string{"short", "long 1", "long 2"} {
		ask(key)
		until = noon.Add(48 * time.Hour)
	}
	a.advance(2 * time.Hour)
	ask("long 3")
	assert.NotContains(t, m.thoughts, "short", "what has expired goes first")
	assert.Len(t, m.thoughts, 3)
	for i := range 20 {
		ask(fmt.Sprint("more ", i))
		assert.LessOrEqual(t, m.total, memoryLimit)
		assert.Contains(t, m.thoughts, fmt.Sprint("more ", i), "the newest stays")
	}
	assert.Len(t, m.thoughts, 3)
}
