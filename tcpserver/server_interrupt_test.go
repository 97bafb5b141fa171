package tcpserver

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestInterruptEndsASendAndNotTheConnection(t *testing.T) {
	t.Parallel()
	interrupters := map[string]func(srv *Server, c *Connection){
		"Connection": func(_ *Server, c *Connection) { c.Interrupt() },
		"Server": func(srv *Server, c *Connection) {
			assert.NoError(t, srv.Interrupt(c.ConnectionID()))
		},
	}
	for _, s := range sends {
		for name, interrupt := range interrupters {
			for _, timeout := range []time.Duration{time.Hour, 0} {
				if timeout == 0 && s.name == "Send" {
					continue // does not wait
				}
				t.Run(s.name+" "+name+" "+timeout.String(), func(t *testing.T) {
					t.Parallel()
					srv := newSender(t)
					srv.DefaultTimeout = timeout
					j, p, c := meet(t, srv, false)
					done := going(s.call(t, c, much))
					first := p.take(1) // it is under way
					interrupt(srv, c)
					got := await(t, done, 10004)
					assert.Positive(t, got.n)
					assert.Less(t, got.n, int64(much))
					assert.ErrorIs(t, got.err, &Error{Code: 10004})

					// What was counted was sent, and nothing else.
					c.SetTimeout(time.Hour)
					rest := going(func() (int, error) { return c.Send(ink(0, much)[got.n:]) })
					sameOctets(t, ink(0, much), append(first, p.take(much-1)...))
					assert.EqualValues(t, much-got.n, await(t, rest, 0).n)
					goesOn(t, j, p, c)
				})
			}
		}
	}
}

func TestInterruptWithoutASendDoesNothingToTheNext(t *testing.T) {
	t.Parallel()
	bothWays(t, func(t *testing.T, secure bool) {
		srv := newSender(t)
		srv.DefaultTimeout = time.Hour
		j, p, c := meet(t, srv, secure)
		for range 3 {
			c.Interrupt()
			assert.False(t, c.conn.Interrupt(), "there is nothing to end")
		}
		for _, s := range sends {
			done := going(s.call(t, c, much))
			sameOctets(t, ink(0, much), p.take(much))
			assert.EqualValues(t, much, await(t, done, 0).n)
		}
		goesOn(t, j, p, c)
	})
}

// A send that was interrupted leaves nothing behind that would end a later one,
// such as a deadline.
func TestInterruptAgainAndAgain(t *testing.T) {
	t.Parallel()
	srv := newSender(t)
	srv.DefaultTimeout = time.Hour
	j, p, c := meet(t, srv, false)
	sent := 0
	for range 20 {
		done := going(func() (int, error) { return c.Send(ink(sent, much)) })
		p.take(1)
		c.Interrupt()
		got := await(t, done, 10004)
		p.take(int(got.n) - 1)
		sent = (sent + int(got.n)) % much
	}
	goesOn(t, j, p, c)
}

func TestInterruptEndsOneSendOnly(t *testing.T) {
	t.Parallel()
	srv := newSender(t)
	srv.DefaultTimeout = time.Hour
	_, p, c := meet(t, srv, false)
	ends := make(chan outcome, 2)
	for range cap(ends) {
		go func() {
			n, err := c.Send(ink(0, much))
			ends <- outcome{int64(n), err}
		}()
	}
	p.take(1)
	c.Interrupt()
	first := await(t, ends, 10004)
	p.take(int(first.n) - 1)
	sameOctets(t, ink(0, much), p.take(much))
	await(t, ends, 0)
}

func TestInterruptUnderTLSEndsBetweenRecords(t *testing.T) {
	t.Parallel()
	for _, s := range sends {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			srv := newSender(t)
			srv.DefaultTimeout = time.Hour
			j, p, c := meet(t, srv, true)
			done := going(s.call(t, c, much))
			first := p.take(1)
			require.True(t, c.conn.Interrupt())
			// The record under way goes on when the client reads on.
			got := make(chan []byte, 1)
			go func() { got <- append(first, p.take(much-1)...) }()
			end := await(t, done, 10004)
			assert.Less(t, end.n, int64(much))
			assert.Zero(t, end.n%smallChunk, "whole records")
			rest := going(func() (int, error) { return c.Send(ink(0, much)[end.n:]) })
			sameOctets(t, ink(0, much), receive(t, got, "the octets"))
			await(t, rest, 0)
			goesOn(t, j, p, c)
		})
	}
}

func TestInterruptInsideATLSRecordEndsTheConnection(t *testing.T) {
	t.Parallel()
	for _, s := range sends {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			srv := newSender(t)
			srv.DefaultTimeout = time.Hour
			j, p, c := meet(t, srv, true)
			call := s.call(t, c, much)
			var got outcome
			var begin time.Time
			for first := true; first || c.Connected(); first = false {
				done := going(call)
				if first {
					p.take(1) // and no more: in the end a record is stuck
				}
				eventually(t, "a send that is stuck", func() bool { return c.conn.Idle() > 200*time.Millisecond })
				begin = time.Now()
				require.True(t, c.conn.Interrupt())
				got = await(t, done, 10004) // a slow machine may still be between two records
			}
			assert.Less(t, got.n, int64(much))
			assert.GreaterOrEqual(t, time.Since(begin), interruptGrace)
			last := j.expect(t, "Disconnected 10004")
			assert.Contains(t, last.text, "interrupted")
			_, err := c.Send([]byte("x"))
			assert.Equal(t, 10004, code(t, err))
			lastWords(t, srv, j, c, entry{code: 10004})
		})
	}
}

func TestInterruptFromTheHandlerOfAnotherConnection(t *testing.T) {
	t.Parallel()
	srv := newSender(t)
	srv.DefaultTimeout = time.Hour
	srv.OnDataIn = func(e *DataInEvent) {
		if err := srv.Interrupt(e.Text()); err != nil {
			assert.Equal(t, 126, code(t, err))
		}
	}
	j, p, c := meet(t, srv, false)
	other, _ := join(t, srv, j)
	done := going(func() (int, error) { return c.Send(ink(0, much)) })
	p.take(1)
	other.say(c.ConnectionID())
	got := await(t, done, 10004)
	p.take(int(got.n) - 1)
	j.until(t, "DataIn")
	other.say("4711")
	j.until(t, "DataIn")
	goesOn(t, j, p, c)
}

func TestInterruptAfterTheEnd(t *testing.T) {
	t.Parallel()
	srv := newSender(t)
	j, p, c := meet(t, srv, false)
	require.NoError(t, p.Close())
	j.expect(t, "Disconnected")
	c.Interrupt()
	assert.Equal(t, 126, code(t, srv.Interrupt(c.ConnectionID())))
}
