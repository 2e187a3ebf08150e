// What can be pressed, chosen or typed in blocks.
import { ActionIcon, Button, Checkbox, FileInput, Group, Menu, MultiSelect, Radio, Select, Stack, Textarea, TextInput } from '@mantine/core';
import { IconDots, IconThumbDown, IconThumbUp } from '@tabler/icons-react';
import { useState, type ReactNode } from 'react';

import { rest } from '../../api/client';
import { tellFailure } from '../../app/parts';
import { t } from '../../i18n/text';
import { nameOf, useWorkplace } from '../context';
import { uploadFiles } from '../Files';
import { isSafeUrl } from '../mrkdwn';
import { useSurface, type Choice, type Element, type Option, type TextObject } from './surface';

interface Props {
  block: string;
  element: Element;
  isInput?: boolean; // stands in an input block: told with the form, and at once only when it asks for it
  label?: string;
}

const wordsOf = (text: unknown) => (text as TextObject | undefined)?.text ?? '';
const optionsOf = (list: unknown) => (Array.isArray(list) ? (list as Option[]) : []);

export function ElementView(props: Props): ReactNode {
  const { type } = props.element;
  switch (type) {
    case 'button':
    case 'workflow_button':
    case 'icon_button':
      return <PressButton {...props} />;
    case 'feedback_buttons':
      return <Feedback {...props} />;
    case 'overflow':
      return <Overflow {...props} />;
    case 'datepicker':
      return <Picker {...props} kind="date" kept="selected_date" />;
    case 'timepicker':
      return <Picker {...props} kind="time" kept="selected_time" />;
    case 'datetimepicker':
      return <DateAndTime {...props} />;
    case 'radio_buttons':
      return <Radios {...props} />;
    case 'checkboxes':
      return <Checks {...props} />;
    case 'file_input':
      return <FilesInput {...props} />;
    default:
      if (type.endsWith('_select')) return type.startsWith('multi_') ? <Many {...props} /> : <One {...props} />;
      return type.endsWith('input') ? <Typed {...props} /> : null;
  }
}

function useElement({ block, element, isInput = false, label }: Props) {
  const surface = useSurface();
  const chosen = surface.state[block]?.[element.action_id ?? ''];
  const placeholder = wordsOf(element.placeholder);
  const change = (choice: Choice) => {
    if (isInput && !element.dispatch_action_config && !element.dispatch) surface.choose(block, element, choice);
    else surface.press(block, element, choice);
  };
  const common = { placeholder, 'aria-label': label ?? (placeholder || t('choose')), disabled: !surface.isLive, error: surface.errors[block] !== undefined, size: 'sm' as const };
  return { surface, chosen, change, common, placeholder };
}

function PressButton({ block, element }: Props) {
  const { surface } = useElement({ block, element });
  const label = wordsOf(element.text);
  const color = element.style === 'danger' ? 'red' : 'volano';
  const variant = element.style ? 'filled' : 'default';
  const name = typeof element.accessibility_label === 'string' ? element.accessibility_label : label;
  const press = () => surface.press(block, element, {});
  if (typeof element.url === 'string' && isSafeUrl(element.url)) {
    return (
      <Button component="a" href={element.url} target="_blank" rel="noreferrer noopener" size="compact-sm" variant={variant} color={color} aria-label={name} onClick={() => element.action_id && surface.isLive && press()}>
        {label}
      </Button>
    );
  }
  return (
    <Button size="compact-sm" variant={variant} color={color} aria-label={name} disabled={!surface.isLive} onClick={press}>
      {label}
    </Button>
  );
}

function Feedback({ block, element }: Props) {
  const { surface } = useElement({ block, element });
  const buttons = [
    { button: element.positive_button as Element | undefined, icon: <IconThumbUp size={16} />, name: t('good') },
    { button: element.negative_button as Element | undefined, icon: <IconThumbDown size={16} />, name: t('bad') },
  ];
  return (
    <Group gap={4}>
      {buttons.map(({ button, icon, name }) => (
        <ActionIcon key={name} variant="subtle" color="gray" disabled={!surface.isLive} aria-label={wordsOf(button?.text) || name} onClick={() => surface.press(block, element, { value: button?.value, text: button?.text })}>
          {icon}
        </ActionIcon>
      ))}
    </Group>
  );
}

function Overflow({ block, element }: Props) {
  const { surface } = useElement({ block, element });
  return (
    <Menu withinPortal>
      <Menu.Target>
        <ActionIcon variant="default" aria-label={t('moreActions')} disabled={!surface.isLive}>
          <IconDots size={16} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        {optionsOf(element.options).map((option, index) => (
          <Menu.Item key={index} onClick={() => surface.press(block, element, { selected_option: option })} {...(option.url && isSafeUrl(option.url) ? { component: 'a' as const, href: option.url, target: '_blank', rel: 'noreferrer noopener' } : {})}>
            {option.text.text}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}

// What a menu offers: [value, label], the field that keeps the choice, and how a value is kept there.
function useOffer({ block, element }: Props) {
  const { home, users } = useWorkplace();
  const surface = useSurface();
  const [loaded, setLoaded] = useState<Option[]>([]);
  const what = element.type.replace(/^multi_/, '').replace(/_select$/, '');
  const isMany = element.type.startsWith('multi_');
  const field = { users: 'selected_user', channels: 'selected_channel', conversations: 'selected_conversation' }[what] ?? 'selected_option';
  const kept = isMany ? `${field}s` : field;
  const load = (value: string) => {
    if (what !== 'external' || value.length < Number(element.min_query_length ?? 3)) return;
    rest
      .post<{ options: Option[]; option_groups: { options: Option[] }[] }>('/chat/interactions/options', { ...surface.place, block_id: block, action_id: element.action_id, value })
      .then(({ options, option_groups }) => setLoaded([...options, ...option_groups.flatMap((group) => group.options)]))
      .catch(tellFailure);
  };
  if (what === 'users') return { kept, load, items: home.users.filter((user) => !user.deleted).map((user) => ({ value: user.id, label: nameOf(user), kept: user.id as unknown })) };
  if (what === 'channels' || what === 'conversations') {
    const seats = home.channels.filter(({ channel }) => what === 'conversations' || (!channel.is_im && !channel.is_mpim));
    return { kept, load, items: seats.map(({ channel }) => ({ value: channel.id, label: channel.is_im ? nameOf(users.get(channel.user ?? '')) : `#${channel.name}`, kept: channel.id as unknown })) };
  }
  const groups = Array.isArray(element.option_groups) ? (element.option_groups as { options: Option[] }[]).flatMap((group) => group.options) : [];
  const options = [...optionsOf(element.options), ...groups, ...loaded];
  return { kept, load, items: options.map((option) => ({ value: option.value ?? '', label: option.text.text, kept: option as unknown })) };
}

const valueOf = (kept: unknown) => (typeof kept === 'string' ? kept : ((kept as Option | null)?.value ?? null));

function withKept(items: { value: string; label: string; kept: unknown }[], kept: unknown[]) {
  const missing = kept.filter((item) => typeof item === 'object' && item !== null && !items.some(({ value }) => value === valueOf(item)));
  return [...items, ...(missing as Option[]).map((option) => ({ value: option.value ?? '', label: option.text.text, kept: option as unknown }))];
}

function One(props: Props) {
  const { chosen, change, common } = useElement(props);
  const offer = useOffer(props);
  const items = withKept(offer.items, [chosen?.[offer.kept]]);
  return (
    <Select
      {...common}
      searchable
      data={items.map(({ value, label }) => ({ value, label }))}
      value={valueOf(chosen?.[offer.kept])}
      onSearchChange={offer.load}
      onChange={(value) => change({ [offer.kept]: items.find((item) => item.value === value)?.kept ?? null })}
      w={props.isInput ? '100%' : 210}
    />
  );
}

function Many(props: Props) {
  const { chosen, change, common } = useElement(props);
  const offer = useOffer(props);
  const now = Array.isArray(chosen?.[offer.kept]) ? (chosen[offer.kept] as unknown[]) : [];
  const items = withKept(offer.items, now);
  return (
    <MultiSelect
      {...common}
      searchable
      maxValues={Number(props.element.max_selected_items ?? 1000)}
      data={items.map(({ value, label }) => ({ value, label }))}
      value={now.map((item) => valueOf(item) ?? '')}
      onSearchChange={offer.load}
      onChange={(values) => change({ [offer.kept]: values.map((value) => items.find((item) => item.value === value)?.kept) })}
      w={props.isInput ? '100%' : 260}
    />
  );
}

function Picker({ kind, kept, ...props }: Props & { kind: string; kept: string }) {
  const { chosen, change, common } = useElement(props);
  return <TextInput {...common} type={kind} value={String(chosen?.[kept] ?? '')} onChange={(event) => change({ [kept]: event.currentTarget.value || null })} w={props.isInput ? '100%' : 180} />;
}

function DateAndTime(props: Props) {
  const { chosen, change, common } = useElement(props);
  const at = Number(chosen?.selected_date_time ?? 0);
  const local = at ? new Date(at * 1000 - new Date(at * 1000).getTimezoneOffset() * 60_000).toISOString().slice(0, 16) : '';
  return <TextInput {...common} type="datetime-local" value={local} onChange={(event) => event.currentTarget.value && change({ selected_date_time: Math.floor(new Date(event.currentTarget.value).getTime() / 1000) })} w={props.isInput ? '100%' : 230} />;
}

function Radios(props: Props) {
  const { chosen, change, common } = useElement(props);
  const options = optionsOf(props.element.options);
  return (
    <Radio.Group aria-label={common['aria-label']} value={valueOf(chosen?.selected_option)} onChange={(value) => change({ selected_option: options.find((option) => option.value === value) })}>
      <Stack gap={6}>
        {options.map((option, index) => (
          <Radio key={index} value={option.value ?? ''} label={option.text.text} description={option.description?.text} disabled={common.disabled} />
        ))}
      </Stack>
    </Radio.Group>
  );
}

function Checks(props: Props) {
  const { chosen, change, common } = useElement(props);
  const options = optionsOf(props.element.options);
  const now = optionsOf(chosen?.selected_options).map((option) => option.value ?? '');
  return (
    <Checkbox.Group aria-label={common['aria-label']} value={now} onChange={(values) => change({ selected_options: options.filter((option) => values.includes(option.value ?? '')) })}>
      <Stack gap={6}>
        {options.map((option, index) => (
          <Checkbox key={index} value={option.value ?? ''} label={option.text.text} description={option.description?.text} disabled={common.disabled} />
        ))}
      </Stack>
    </Checkbox.Group>
  );
}

const INPUT_TYPES: Record<string, string> = { email_text_input: 'email', url_text_input: 'url', number_input: 'number' };

function Typed(props: Props) {
  const { element, block } = props;
  const { chosen, common, surface } = useElement(props);
  const isRich = element.type === 'rich_text_input';
  const kept = isRich ? 'rich_text_value' : 'value';
  const text = isRich ? plainOf(chosen?.[kept]) : String(chosen?.value ?? '');
  const toChoice = (value: string) => ({ [kept]: value === '' ? null : isRich ? richOf(value) : value });
  const change = (value: string) => surface.choose(block, element, toChoice(value));
  const tell = () => (element.dispatch || element.dispatch_action_config || !props.isInput) && surface.press(block, element, toChoice(text));
  const limits = { maxLength: Number(element.max_length ?? 3000) };
  if (element.multiline || isRich) return <Textarea {...common} {...limits} autosize minRows={3} value={text} onChange={(event) => change(event.currentTarget.value)} onBlur={tell} />;
  return (
    <TextInput
      {...common}
      {...limits}
      type={INPUT_TYPES[element.type] ?? 'text'}
      step={element.is_decimal_allowed ? 'any' : undefined}
      value={text}
      onChange={(event) => change(event.currentTarget.value)}
      onKeyDown={(event) => event.key === 'Enter' && tell()}
    />
  );
}

function richOf(text: string) {
  return { type: 'rich_text', elements: [{ type: 'rich_text_section', elements: [{ type: 'text', text }] }] };
}

function plainOf(rich: unknown): string {
  const parts = (rich as Element | null)?.elements ?? [];
  return parts.map((part) => (part.elements ?? []).map((item) => String(item.text ?? '')).join('')).join('\n');
}

function FilesInput(props: Props) {
  const { change, common } = useElement(props);
  const upload = async (files: File[]) => change({ files: (await uploadFiles(files)).map(({ id }) => ({ id })) });
  return <FileInput {...common} multiple clearable placeholder={t('chooseFiles')} accept={optionsOf(props.element.filetypes).map((type) => `.${String(type)}`).join(',')} onChange={(files) => void upload(files).catch(tellFailure)} />;
}
