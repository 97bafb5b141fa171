package measure

import (
	"errors"
	"io"
	"slices"
	"time"
)

// lead is the time between the making of a schedule and its first message.
const lead = 10 * time.Millisecond

// A schedule says when which message is due, whatever happened to the others.
type schedule struct {
	begin    time.Time
	interval time.Duration // between two messages
	clients  int
	rounds   int // messages of each client
}

func newSchedule(begin time.Time, clients, rate int, d time.Duration) schedule {
	interval := time.Second / time.Duration(rate)
	return schedule{begin, interval, clients, max(1, int(d/interval)/clients)}
}

// due is when the client's message of that round is to be sent.
func (s schedule) due(client, round int) time.Time {
	return s.begin.Add(time.Duration(round*s.clients+client) * s.interval)
}

// Latencies are the times of a load at a fixed rate, in ascending order.
type Latencies struct {
	Answers []time.Duration // from when a message was due until its answer was there
	Sends   []time.Duration // from when it was due until it began to be sent: the generator's own part
}

// Paced sends rate messages a second for a time, in turn over all connections,
// whether or not answers have come: an open loop. An answer's time counts from
// when its message was due, so that a server that stalls pays for all that it
// delays (no coordinated omission).
func (cs *Clients) Paced(x Exchange, rate int, d time.Duration) (Latencies, error) {
	cs.limit(d)
	s := newSchedule(time.Now().Add(lead), len(cs.conns), rate, d)
	l := Latencies{make([]time.Duration, s.clients*s.rounds), make([]time.Duration, s.clients*s.rounds)}
	sent := make(chan error, 1)
	go func() {
		err := cs.send(x, s, l.Sends)
		if err != nil {
			cs.cut() // else answers would be waited for that cannot come
		}
		sent <- err
	}()
	err := parallel(s.clients, s.clients, func(i int) error {
		return cs.receive(i, x, s, l.Answers[i*s.rounds:])
	})
	if err != nil {
		cs.cut()
	}
	// The sender's error comes first: it is the cause of the others.
	err = errors.Join(<-sent, err)
	slices.Sort(l.Answers)
	slices.Sort(l.Sends)
	return l, err
}

// send sends all messages of a schedule; its goroutine ends after it.
func (cs *Clients) send(x Exchange, s schedule, late []time.Duration) error {
	takeThread()
	for round := range s.rounds {
		for i, nc := range cs.conns {
			due := s.due(i, round)
			sleepUntil(due)
			late[round*s.clients+i] = time.Since(due)
			if _, err := nc.Write(x.Request); err != nil {
				return err
			}
		}
	}
	return nil
}

// receive takes a client's answers, which come in order.
func (cs *Clients) receive(client int, x Exchange, s schedule, took []time.Duration) error {
	reply := make([]byte, x.Reply)
	for round := range s.rounds {
		if _, err := io.ReadFull(cs.conns[client], reply); err != nil {
			return err
		}
		took[round] = time.Since(s.due(client, round))
	}
	return nil
}
