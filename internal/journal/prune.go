package journal

import (
	"context"

	"go.etcd.io/bbolt"
)

// Prune is documented at [Journal]. It removes a few hundred records at a time,
// so that commits do not wait for all of it.
func (f *File) Prune(ctx context.Context, h Horizon) (int, error) {
	received, err := prune[Received](ctx, f, receivedTable, h.hidesReceived)
	if err != nil {
		return received, err
	}
	sent, err := prune[Sent](ctx, f, sentTable, h.hidesSent)
	if err != nil {
		return received + sent, err
	}
	restarts, err := prune[RestartPoint](ctx, f, restartTable, h.hidesRestart)
	return received + sent + restarts, err
}

func prune[T any, P interface {
	*T
	record
}](ctx context.Context, f *File, table string, hidden func(T) bool) (count int, err error) {
	var keys [][]byte
	flush := func() error {
		n, err := discard[T, P](ctx, f, table, keys, hidden)
		count, keys = count+n, keys[:0]
		return err
	}
	for t, err := range list[T, P](ctx, f, table, nil) {
		if err != nil {
			return count, err
		}
		if !hidden(t) {
			continue
		}
		if keys = append(keys, keyOf(P(&t))); len(keys) == chunk {
			if err := flush(); err != nil {
				return count, err
			}
		}
	}
	err = flush()
	return count, err
}

// discard removes records, unless they have changed since and are hidden no
// longer.
func discard[T any, P interface {
	*T
	record
}](ctx context.Context, f *File, table string, keys [][]byte, hidden func(T) bool) (count int, err error) {
	if len(keys) == 0 {
		return 0, nil
	}
	err = f.line.do(ctx, f.update, func(tx *bbolt.Tx) error {
		count = 0 // this may run again
		b := tx.Bucket([]byte(table))
		for _, key := range keys {
			value := b.Get(key)
			if value == nil {
				continue
			}
			t, err := decode[T, P](key, value)
			if err != nil {
				return err
			}
			if !hidden(t) {
				continue
			}
			if err := b.Delete(key); err != nil {
				return err
			}
			count++
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	return count, nil
}
