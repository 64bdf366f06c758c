package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/centrifugal/centrifuge-go"
)

// command is one line of the driver's: a call, or the token that was asked for.
type command struct {
	ID     int    `json:"id"`
	Client string `json:"client"`
	Op     string `json:"op"`

	Asked int64   `json:"asked"`
	Token *string `json:"token"`

	URL      string          `json:"url"`
	Protobuf bool            `json:"protobuf"`
	Asks     bool            `json:"asks"`
	Data     json.RawMessage `json:"data"`

	Compressed  bool `json:"compressed"`
	PingDelayMs int  `json:"pingDelayMs"`

	Channel     string    `json:"channel"`
	Method      string    `json:"method"`
	Delta       string    `json:"delta"`
	Positioned  bool      `json:"positioned"`
	Recoverable bool      `json:"recoverable"`
	JoinLeave   bool      `json:"joinLeave"`
	Tag         *tag      `json:"tag"`
	State       *position `json:"state"`
	Brief       bool      `json:"brief"`

	Limit   int32     `json:"limit"`
	Reverse bool      `json:"reverse"`
	Since   *position `json:"since"`
}

type tag struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

type position struct {
	Offset uint64 `json:"offset"`
	Epoch  string `json:"epoch"`
}

const callLimit = 5 * time.Second

// run does one call of the driver's and answers what it returned.
func (c command) run() (any, error) {
	ctx, cancel := context.WithTimeout(context.Background(), callLimit)
	defer cancel()
	if c.Op == "create" {
		clients.Store(c.Client, newClient(c))
		return nil, nil
	}
	known, _ := clients.Load(c.Client)
	one := known.(*client)
	switch c.Op {
	case "connect":
		return nil, one.sdk.Connect()
	case "disconnect":
		return nil, one.sdk.Disconnect()
	case "subscribe":
		return nil, one.subscribe(c)
	case "resubscribe":
		subscription, _ := one.sdk.GetSubscription(c.Channel)
		return nil, subscription.Subscribe()
	case "unsubscribe":
		subscription, _ := one.sdk.GetSubscription(c.Channel)
		return nil, subscription.Unsubscribe()
	case "publish":
		_, err := one.sdk.Publish(ctx, c.Channel, c.Data)
		return nil, err
	case "presence":
		presence, err := one.sdk.Presence(ctx, c.Channel)
		if err != nil {
			return nil, err
		}
		there := []line{}
		for _, info := range presence.Clients {
			there = append(there, infoOf(&info))
		}
		return there, nil
	case "presence_stats":
		stats, err := one.sdk.PresenceStats(ctx, c.Channel)
		return line{"clients": stats.NumClients, "users": stats.NumUsers}, err
	case "history":
		return c.history(ctx, one)
	case "rpc":
		result, err := one.sdk.RPC(ctx, c.Method, c.Data)
		return line{"data": raw(result.Data)}, err
	case "send":
		return nil, one.sdk.Send(ctx, c.Data)
	}
	return nil, fmt.Errorf("this program has no %q", c.Op)
}

func (c command) history(ctx context.Context, one *client) (any, error) {
	options := []centrifuge.HistoryOption{centrifuge.WithHistoryLimit(c.Limit), centrifuge.WithHistoryReverse(c.Reverse)}
	if c.Since != nil {
		options = append(options, centrifuge.WithHistorySince(&centrifuge.StreamPosition{Offset: c.Since.Offset, Epoch: c.Since.Epoch}))
	}
	history, err := one.sdk.History(ctx, c.Channel, options...)
	if err != nil {
		return nil, err
	}
	publications := []line{}
	for _, publication := range history.Publications {
		publications = append(publications, publicationOf(publication))
	}
	return line{"publications": publications, "offset": history.Offset, "epoch": history.Epoch}, nil
}

// errorOf gives the error's own code where the server gave one; what the client makes up itself is 0.
func errorOf(err error) line {
	var fromServer *centrifuge.Error
	if errors.As(err, &fromServer) {
		return line{"code": fromServer.Code, "message": fromServer.Message}
	}
	return line{"code": 0, "message": err.Error()}
}
